//! Names of the things of a plan. They become host names, folders and parts of reports, so they are plain.

use std::borrow::{Borrow, Cow};
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de;

use super::units::text_value;

const LONGEST: usize = 63;

/// A name: lower-case letters, digits and hyphens, as in a host name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(String);

impl Name {
    /// # Errors
    /// What is wrong, and on a second line what would be right.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let ends_well = text.bytes().next().is_some_and(letter) && text.bytes().last().is_some_and(letter);
        if ends_well && text.len() <= LONGEST && text.bytes().all(|byte| letter(byte) || byte == b'-') {
            return Ok(Self(text.to_owned()));
        }
        let rule = "names are lower-case letters, digits and hyphens, 63 at most, as in a host name";
        Err(format!("\"{text}\" is no name\n{rule}"))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_value!(
    Name,
    "a name",
    r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
    "A name: lower-case letters, digits and hyphens, as in a host name."
);
