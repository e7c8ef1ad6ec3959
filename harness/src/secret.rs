//! Secrets: made for one run, handed over in files of mode 0600, never shown.

use blackstart_record::words::hex;
use std::fmt;
use std::io::Read;
use std::sync::{Arc, RwLock};

/// A secret value. Its debug form is a placeholder; [`Secret::reveal`] is the only way to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value itself, for a file of mode 0600 or a driver's configuration.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Makes a run's secrets and hides each of them in any text, in all the forms in which tools print them.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    needles: Arc<RwLock<Vec<String>>>,
}

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

impl Secrets {
    /// A new secret of 124 random bits in 32 characters, known to the redactor from now on. MySQL takes no longer one of a replica.
    ///
    /// # Errors
    /// The system's source of randomness failed.
    pub fn make(&self) -> std::io::Result<Secret> {
        let mut random = [0; 16];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
        let secret = hex(&random);
        // A slash makes the URL-encoded form differ, so that the redactor's every branch is always in use.
        let secret = format!("{}/{}", &secret[..15], &secret[16..]);
        self.hide(&secret);
        Ok(Secret(secret))
    }

    /// Makes `value` known to the redactor in its raw, URL-encoded, hexadecimal and base64 forms.
    pub fn hide(&self, value: &str) {
        let mut forms = vec![value.to_owned(), url_encoded(value), hex(value.as_bytes())];
        // In base64 the value's form depends on where in a group of three its first byte falls.
        for offset in 0..3 {
            forms.push(base64_core(value.as_bytes(), offset, false));
            forms.push(base64_core(value.as_bytes(), offset, true));
        }
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        let mut needles = self.needles.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        needles.extend(forms);
    }

    /// `text` with every known secret hidden.
    pub fn redact(&self, text: &str) -> String {
        let needles = self.needles.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        needles.iter().fold(text.to_owned(), |text, needle| {
            if text.contains(needle.as_str()) { text.replace(needle.as_str(), REDACTED) } else { text }
        })
    }
}

fn url_encoded(value: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The base64 characters that `bytes` alone decides, when it begins `offset` bytes into a group of three.
fn base64_core(bytes: &[u8], offset: usize, url: bool) -> String {
    let alphabet: &[u8; 64] = if url {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    } else {
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    };
    let bits: Vec<bool> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect();
    let skip = (6 - offset * 8 % 6) % 6;
    bits[skip..]
        .chunks_exact(6)
        .map(|group| alphabet[group.iter().fold(0, |value, bit| value << 1 | usize::from(*bit))])
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_in_every_form() {
        let secrets = Secrets::default();
        secrets.hide("s3cr/et+pass word");
        let cases = [
            "password=s3cr/et+pass word;",
            "uri=postgres://u:s3cr%2Fet%2Bpass%20word@h/db",
            "hex 733363722f65742b7061737320776f7264.",
            "basic dXNlcjpzM2NyL2V0K3Bhc3Mgd29yZA==",
            "alone czNjci9ldCtwYXNzIHdvcmQ=",
            "shifted YXM6czNjci9ldCtwYXNzIHdvcmQ=",
            "twice YWE6OnMzY3IvZXQrcGFzcyB3b3Jk",
        ];
        for text in cases {
            let redacted = secrets.redact(text);
            assert!(redacted.contains(REDACTED), "{text} -> {redacted}");
        }
        assert_eq!(secrets.redact("nothing to hide"), "nothing to hide");
    }

    #[test]
    fn a_secret_never_shows_in_debug() {
        let secret = Secrets::default().make().unwrap();
        assert!(!format!("{secret:?}").contains(secret.reveal()));
    }
}
