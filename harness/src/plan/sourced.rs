//! A value as a plan writes it: alone, or with where it comes from.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use blackstart_record::plan::{Origin, Sourced};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use toml::Spanned;

/// A value, its origin and its place in the file.
///
/// Written as the value alone (then the plan states it), or as a table of `value` and exactly one of
/// `from = { section = "..", line = N }`, `assumed = "why"` and `substitutes = "what the document names"`.
#[derive(Clone, Debug)]
pub(super) struct Said<T> {
    pub(super) value: T,
    pub(super) origin: Origin,
    /// Of the value itself, without its origin.
    pub(super) span: Range<usize>,
}

impl<T> Said<T> {
    /// For the record, with the value as `map` makes it.
    pub(super) fn sourced<U>(&self, map: impl FnOnce(&T) -> U) -> Sourced<U> {
        Sourced { value: map(&self.value), origin: self.origin.clone() }
    }
}

/// Where the document says it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Place")]
pub(super) struct Place {
    /// The heading under which it stands.
    pub(super) section: String,
    /// The document's line, counted from 1.
    #[schemars(range(min = 1))]
    pub(super) line: u32,
}

impl From<Place> for Origin {
    fn from(Place { section, line }: Place) -> Self {
        Self::From { section, line }
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Value,
    From,
    Assumed,
    Substitutes,
}

/// Keys of a value with its origin.
pub(super) const VALUE: &str = "value";
/// Keys of an origin.
pub(super) const ORIGINS: [&str; 3] = ["from", "assumed", "substitutes"];

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Said<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Spanned::<Written<T>>::deserialize(deserializer)?;
        let span = written.span();
        let Written { value, origin, inner } = written.into_inner();
        Ok(Self { value, origin, span: inner.unwrap_or(span) })
    }
}

struct Written<T> {
    value: T,
    origin: Origin,
    /// The value's own span, where it is not all that is written.
    inner: Option<Range<usize>>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Written<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(PhantomData))
    }
}

struct Reader<T>(PhantomData<T>);

impl<T> Written<T> {
    fn alone(value: T) -> Self {
        Self { value, origin: Origin::Stated, inner: None }
    }
}

macro_rules! bare {
    ($($visit:ident($type:ty);)+) => {
        $(fn $visit<E: Error>(self, value: $type) -> Result<Self::Value, E> {
            T::deserialize(value.into_deserializer()).map(Written::alone)
        })+
    };
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
    type Value = Written<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, or a table of `value` and its origin")
    }

    bare! {
        visit_bool(bool);
        visit_i64(i64);
        visit_u64(u64);
        visit_f64(f64);
        visit_str(&str);
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        T::deserialize(SeqAccessDeserializer::new(seq)).map(Written::alone)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut value: Option<Spanned<T>> = None;
        let mut origins = Vec::new();
        while let Some(key) = map.next_key()? {
            match key {
                Key::Value => value = Some(map.next_value()?),
                Key::From => origins.push(map.next_value::<Place>()?.into()),
                Key::Assumed => origins.push(Origin::Assumed(map.next_value()?)),
                Key::Substitutes => origins.push(Origin::Substitutes(map.next_value()?)),
            }
        }
        let value = value.ok_or_else(|| A::Error::missing_field(VALUE))?;
        let count = origins.len();
        match <[Origin; 1]>::try_from(origins) {
            Ok([origin]) => {
                let inner = Some(value.span());
                Ok(Written { value: value.into_inner(), origin, inner })
            }
            Err(_) if count == 0 => Err(A::Error::custom(
                "this value has no origin\nadd `from`, `assumed` or `substitutes`, or write the value alone",
            )),
            Err(_) => Err(A::Error::custom(
                "this value has more than one origin\nkeep one of `from`, `assumed` and `substitutes`",
            )),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Said<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Sourced_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        let place = generator.subschema_for::<Place>();
        let with = |origin: &str, schema: Schema| {
            json_schema!({
                "type": "object",
                "properties": { (VALUE): value.clone(), (origin): schema },
                "required": [VALUE, origin],
                "additionalProperties": false
            })
        };
        let reason = |says: &str| json_schema!({ "type": "string", "description": says });
        let from = with(ORIGINS[0], place);
        let assumed = with(ORIGINS[1], reason("The document is silent; this was chosen, for this reason."));
        let substitutes = with(ORIGINS[2], reason("What the document names, in whose place this stands."));
        json_schema!({ "anyOf": [value, from, assumed, substitutes] })
    }
}

/// Any scalar; only checked, for the list of values takes it from the tree.
#[derive(Clone, Debug)]
pub(super) struct Text;

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text, a number, true or false")
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<Text, E> {
                Ok(Text)
            }
            fn visit_i64<E: Error>(self, _: i64) -> Result<Text, E> {
                Ok(Text)
            }
            fn visit_f64<E: Error>(self, _: f64) -> Result<Text, E> {
                Ok(Text)
            }
            fn visit_str<E: Error>(self, _: &str) -> Result<Text, E> {
                Ok(Text)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}
