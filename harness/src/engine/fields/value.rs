//! Values into fields.

/// A value to be written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// NULL of any type.
    Null,
    /// `bool`.
    Bool(bool),
    /// `int2`.
    Int2(i16),
    /// `int4`.
    Int4(i32),
    /// `int8`.
    Int8(i64),
    /// `oid`.
    Oid(u32),
    /// `float8`.
    Float8(f64),
    /// `numeric` with two decimals, in hundredths.
    Cents(i64),
    /// `timestamptz`: microseconds since 2000-01-01 UTC; the least and greatest are the infinities.
    Timestamp(i64),
    /// `uuid`, first byte highest.
    Uuid(u128),
    /// `text`.
    Text(&'a str),
    /// `jsonb`, as the server prints it.
    Json(&'a str),
    /// `bytea`.
    Bytes(&'a [u8]),
    /// `text[]` of one dimension (none, if empty).
    Texts(&'a [Option<&'a str>]),
    /// `int4[]` of one dimension (none, if empty).
    Int4s(&'a [i32]),
    /// `int8[]` of one dimension (none, if empty).
    Int8s(&'a [i64]),
}

/// Type OIDs of array elements.
const INT8: u32 = 20;
const INT4: u32 = 23;
const TEXT: u32 = 25;

impl Value<'_> {
    /// Appends the value as a field: its length, then its bytes.
    pub fn put(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&(-1_i32).to_be_bytes());
        if *self == Value::Null {
            return;
        }
        self.put_bytes(out);
        let length = (out.len() - start - 4) as i32;
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }

    fn put_bytes(&self, out: &mut Vec<u8>) {
        match *self {
            Value::Null => {}
            Value::Bool(value) => out.push(u8::from(value)),
            Value::Int2(value) => out.extend_from_slice(&value.to_be_bytes()),
            Value::Int4(value) => out.extend_from_slice(&value.to_be_bytes()),
            Value::Int8(value) | Value::Timestamp(value) => out.extend_from_slice(&value.to_be_bytes()),
            Value::Oid(value) => out.extend_from_slice(&value.to_be_bytes()),
            Value::Float8(value) => out.extend_from_slice(&value.to_be_bytes()),
            Value::Cents(value) => put_cents(value, out),
            Value::Uuid(value) => out.extend_from_slice(&value.to_be_bytes()),
            Value::Text(value) => out.extend_from_slice(value.as_bytes()),
            Value::Json(value) => {
                out.push(1);
                out.extend_from_slice(value.as_bytes());
            }
            Value::Bytes(value) => out.extend_from_slice(value),
            Value::Texts(values) => {
                put_array(TEXT, values, |value, out| put_field(value.map(str::as_bytes), out), out);
            }
            Value::Int4s(values) => put_array(INT4, values, |value, out| Value::Int4(value).put(out), out),
            Value::Int8s(values) => put_array(INT8, values, |value, out| Value::Int8(value).put(out), out),
        }
    }
}

/// Appends a field whose bytes are at hand.
pub fn put_field(bytes: Option<&[u8]>, out: &mut Vec<u8>) {
    let length = bytes.map_or(-1, |bytes| bytes.len() as i32);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes.unwrap_or_default());
}

/// Digits in base 10000, most significant first, neither leading nor trailing zeros, as the server sends them.
fn put_cents(cents: i64, out: &mut Vec<u8>) {
    let magnitude = cents.unsigned_abs();
    let mut digits = [0_u16; 7];
    let mut integral = magnitude / 100;
    digits[6] = (magnitude % 100 * 100) as u16;
    for digit in digits[..6].iter_mut().rev() {
        *digit = (integral % 10_000) as u16;
        integral /= 10_000;
    }
    let first = digits.iter().position(|digit| *digit != 0).unwrap_or(7);
    let last = digits.iter().rposition(|digit| *digit != 0).map_or(first, |last| last + 1);
    let digits = &digits[first..last];
    let weight = if digits.is_empty() { 0 } else { 5 - first as i16 };
    let sign: u16 = if cents < 0 { 0x4000 } else { 0 };
    out.extend_from_slice(&(digits.len() as u16).to_be_bytes());
    out.extend_from_slice(&weight.to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&2_u16.to_be_bytes());
    digits.iter().for_each(|digit| out.extend_from_slice(&digit.to_be_bytes()));
}

fn put_array<T: Copy + Nullable>(element: u32, values: &[T], put: impl Fn(T, &mut Vec<u8>), out: &mut Vec<u8>) {
    let dimensions = i32::from(!values.is_empty());
    let has_null = i32::from(values.iter().any(|value| value.is_null()));
    out.extend_from_slice(&dimensions.to_be_bytes());
    out.extend_from_slice(&has_null.to_be_bytes());
    out.extend_from_slice(&element.to_be_bytes());
    if dimensions == 1 {
        out.extend_from_slice(&(values.len() as i32).to_be_bytes());
        out.extend_from_slice(&1_i32.to_be_bytes());
        values.iter().for_each(|value| put(*value, out));
    }
}

trait Nullable {
    fn is_null(&self) -> bool {
        false
    }
}

impl Nullable for i32 {}
impl Nullable for i64 {}
impl Nullable for Option<&str> {
    fn is_null(&self) -> bool {
        self.is_none()
    }
}
