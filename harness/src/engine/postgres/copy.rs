//! The `COPY BINARY` stream around tuples: header, tuples, trailer.

use crate::engine::fields::Malformed;

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
const HEADER_LENGTH: usize = 19;

/// The statement that streams what a query answers.
pub fn out(query: &str) -> String {
    format!("COPY ({query}) TO STDOUT (FORMAT binary)")
}

/// Appends the stream's header: signature, no flags, no extension.
pub fn put_header(out: &mut Vec<u8>) {
    out.extend_from_slice(SIGNATURE);
    out.extend_from_slice(&[0; 8]);
}

/// Appends the stream's trailer.
pub fn put_trailer(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1_i16).to_be_bytes());
}

/// Reads a `COPY BINARY` stream from chunks cut anywhere. Its memory is that of one chunk and one row, and a row
/// that lies whole in its chunk (the server sends one a message) is not copied.
#[derive(Debug)]
pub struct CopyReader {
    columns: usize,
    /// The start of something that the next chunk goes on with.
    carry: Vec<u8>,
    state: State,
    rows: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Header,
    Tuples,
    Ended,
}

impl CopyReader {
    /// A reader of rows with this many columns.
    pub fn new(columns: usize) -> Self {
        Self { columns, carry: Vec::new(), state: State::Header, rows: 0 }
    }

    /// Reads a chunk and calls `each` with the fields of every row that it completes.
    ///
    /// # Errors
    /// [`Malformed`] if this is no such stream, and whatever `each` returns. The reader is of no use after either.
    pub fn push<E: From<Malformed>>(
        &mut self,
        chunk: &[u8],
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.carry.is_empty() {
            let used = self.take(chunk, &mut each)?;
            self.carry.extend_from_slice(&chunk[used..]);
            return Ok(());
        }
        let mut carry = std::mem::take(&mut self.carry);
        carry.extend_from_slice(chunk);
        let used = self.take(&carry, &mut each)?;
        carry.drain(..used);
        self.carry = carry;
        Ok(())
    }

    /// Ends reading; how many rows there were.
    ///
    /// # Errors
    /// [`Malformed`] if the stream was cut off.
    pub fn finish(self) -> Result<u64, Malformed> {
        match (self.state, self.carry.is_empty()) {
            (State::Ended, true) => Ok(self.rows),
            _ => Err(Malformed("the stream is cut off")),
        }
    }

    /// Takes what is whole off the front of `input`; how many bytes that was.
    fn take<E: From<Malformed>>(
        &mut self,
        input: &[u8],
        each: &mut impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut used = 0;
        if self.state == State::Header {
            let Some(header) = input.first_chunk::<HEADER_LENGTH>() else { return Ok(0) };
            if !header.starts_with(SIGNATURE) || header[SIGNATURE.len()..] != [0; 8] {
                return Err(Malformed("no stream of COPY BINARY without flags").into());
            }
            used = HEADER_LENGTH;
            self.state = State::Tuples;
        }
        while let Some((count, rest)) = input[used..].split_first_chunk() {
            if self.state == State::Ended {
                return Err(Malformed("data after the end of the stream").into());
            }
            let count = i16::from_be_bytes(*count);
            if count == -1 {
                self.state = State::Ended;
                used += 2;
                continue;
            }
            if usize::try_from(count) != Ok(self.columns) {
                return Err(Malformed("a row with another number of columns").into());
            }
            let Some(length) = whole_fields(rest, self.columns)? else { break };
            each(&rest[..length])?;
            self.rows += 1;
            used += 2 + length;
        }
        Ok(used)
    }
}

/// The length of the first `columns` fields; `None` if they go on past the input.
fn whole_fields(input: &[u8], columns: usize) -> Result<Option<usize>, Malformed> {
    let mut at = 0;
    for _ in 0..columns {
        let Some(length) = input.get(at..).and_then(|rest| rest.first_chunk()) else { return Ok(None) };
        at += 4 + match i32::from_be_bytes(*length) {
            -1 => 0,
            length => usize::try_from(length).map_err(|_| Malformed("a field of negative length"))?,
        };
    }
    Ok((at <= input.len()).then_some(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fields::Value;

    fn put_tuple(values: &[Value<'_>], out: &mut Vec<u8>) {
        out.extend_from_slice(&(values.len() as i16).to_be_bytes());
        values.iter().for_each(|value| value.put(out));
    }

    fn stream() -> (Vec<u8>, Vec<Vec<u8>>) {
        let rows = [
            [Value::Int4(1), Value::Null, Value::Text("")],
            [Value::Int4(2), Value::Bytes(&[0xff; 40]), Value::Texts(&[Some("a"), None])],
        ];
        let (mut bytes, mut fields) = (Vec::new(), Vec::new());
        put_header(&mut bytes);
        for row in &rows {
            let start = bytes.len();
            put_tuple(row, &mut bytes);
            fields.push(bytes[start + 2..].to_vec());
        }
        put_trailer(&mut bytes);
        (bytes, fields)
    }

    fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Vec<u8>>, Malformed> {
        let mut reader = CopyReader::new(3);
        let mut rows = Vec::new();
        for chunk in chunks {
            reader.push(chunk, |row| {
                rows.push(row.to_vec());
                Ok::<_, Malformed>(())
            })?;
        }
        let count = reader.finish()?;
        assert_eq!(count, rows.len() as u64);
        Ok(rows)
    }

    #[test]
    fn rows_come_back_however_the_stream_is_cut_into_chunks() {
        let (bytes, rows) = stream();
        for size in 1..=bytes.len() {
            assert_eq!(read(bytes.chunks(size)).as_ref(), Ok(&rows), "chunks of {size}");
        }
    }

    #[test]
    fn a_stream_that_ends_early_is_an_error() {
        let (bytes, _) = stream();
        for cut in 0..bytes.len() {
            assert!(read([&bytes[..cut]]).is_err(), "cut at {cut}");
        }
        let mut longer = bytes.clone();
        longer.extend_from_slice(&[0, 0]);
        assert!(read([longer.as_slice()]).is_err(), "data after the trailer");
    }
}
