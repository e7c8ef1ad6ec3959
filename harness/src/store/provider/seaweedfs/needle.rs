//! A needle: a piece of an object in a volume, a file of many of them one after the other, each with a sum over its bytes.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// What a volume begins with.
const VOLUME_HEAD: u64 = 8;
/// A cookie, a key, and the size of what follows.
const HEAD: usize = 16;
/// The sum and the time that follow that.
const TAIL: u64 = 12;
/// Each begins at a multiple of this; one that would end there has as much again behind it.
const ALIGNED: u64 = 8;

/// A needle by its name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Needle {
    volume: u32,
    /// Its cookie and its key, as its head begins.
    name: [u8; 12],
}

impl Needle {
    /// The needle of a file id: `volume,key` and the cookie in the last eight digits. `None`: it is none.
    pub(super) fn named(id: &str) -> Option<Self> {
        let (volume, digits) = id.split_once(',')?;
        let (key, cookie) = digits.split_at_checked(digits.len().checked_sub(8)?)?;
        let (cookie, key) = (u32::from_str_radix(cookie, 16).ok()?, u64::from_str_radix(key, 16).ok()?);
        let mut name = [0; 12];
        name[..4].copy_from_slice(&cookie.to_be_bytes());
        name[4..].copy_from_slice(&key.to_be_bytes());
        Some(Self { volume: volume.parse().ok()?, name })
    }

    /// The file that has it, and where in it the middle one of its bytes is.
    pub(super) fn find(&self, data: &Path) -> io::Result<(PathBuf, u64)> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("volume {} lacks a piece of it", self.volume));
        // The volumes of a bucket have its name before their number.
        let end = format!("_{}.dat", self.volume);
        let mut files = fs::read_dir(data)?.flatten().map(|entry| entry.path());
        let path = files.find(|path| path.to_string_lossy().ends_with(&end)).ok_or_else(missing)?;
        let mut volume = File::open(&path)?;
        let length = volume.metadata()?.len();
        let mut at = VOLUME_HEAD;
        while at + HEAD as u64 + 4 <= length {
            let mut head = [0; HEAD + 4];
            volume.seek(SeekFrom::Start(at))?;
            volume.read_exact(&mut head)?;
            if head[..12] == self.name {
                return Ok((path, at + head.len() as u64 + number(&head[HEAD..]) / 2));
            }
            let size = HEAD as u64 + number(&head[12..HEAD]) + TAIL;
            at += size + ALIGNED - size % ALIGNED;
        }
        Err(missing())
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_id_is_a_volume_a_key_and_a_cookie_and_nothing_else_is() {
        let name = *b"\x11\xe4\x53\x8f\0\0\0\0\0\0\x01\x2c";
        assert_eq!(Needle::named("7,012c11e4538f"), Some(Needle { volume: 7, name }));
        for other in ["", "7", "7,", "7,e4538f", "7,11e4538f", "x,012c11e4538f", "7,012c11e4538f_1", "7,ä2c11e4538"] {
            assert_eq!(Needle::named(other), None, "{other}");
        }
    }

    #[test]
    fn a_needle_is_found_behind_others_of_every_length_and_one_that_is_not_there_is_not() {
        for length in 0..20_u8 {
            let folder = tempfile::tempdir().unwrap();
            let mut volume = vec![3; 8];
            for key in 1..=3 {
                volume.extend([[7; 4], [0; 4], [0, 0, 0, key], [0, 0, 0, 4 + length], [0, 0, 0, length]].as_flattened());
                volume.resize(volume.len() + usize::from(length) + 12, key);
                volume.resize(volume.len() + 8 - volume.len() % 8, 0);
            }
            fs::write(folder.path().join("bucket_5.dat"), &volume).unwrap();
            let (path, place) = Needle::named("5,0307070707").unwrap().find(folder.path()).unwrap();
            assert!(path.ends_with("bucket_5.dat"));
            assert_eq!(volume[place as usize], 3, "{length}");
            for missing in ["5,0407070707", "5,0307070708", "6,0307070707"] {
                assert!(Needle::named(missing).unwrap().find(folder.path()).is_err(), "{missing}");
            }
        }
    }
}
