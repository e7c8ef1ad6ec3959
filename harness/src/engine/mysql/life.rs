//! Names for lives: of the data set, which a file in its directory keeps, and of each start of a server on it.
//!
//! MySQL keeps a UUID of its own in such a file, MariaDB none, and both tell nobody when they started. So the harness gives
//! either what it needs, by the one global variable that takes any text, that every role may read, and that means
//! nothing to anybody: `report_host`, which a replica tells its source, for a list.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use ulid::Ulid;

use crate::failure::{Context, Result};
use crate::host::Host;

/// The file, in the data directory. Backup tools that copy tables leave it behind.
const FILE: &str = "blackstart-data-set";

/// The name of the life that begins now on the data in `data`: of the data set, a dot, and of the start.
pub(super) fn begin(host: &Host, data: &str) -> Result<String> {
    Ok(format!("{}.{}", data_set(host, data)?, Ulid::new()))
}

/// The data set's name. A data directory that was copied, by whatever tool, is another data set than its original, and gets
/// a name of its own; so does one that has none.
fn data_set(host: &Host, data: &str) -> Result<String> {
    let (name, folder) = (format!("{data}/{FILE}"), host.outside(data));
    if let Some(known) = known(&folder.join(FILE)) {
        return Ok(known);
    }
    let fresh = Ulid::new().to_string();
    // A restore wants its place empty, and a server that finds it so will say what is wrong.
    let holds_data = fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
    if holds_data {
        host.write(&name, b"", 0o600)?;
        let made = fs::metadata(folder.join(FILE)).cannot("name the data set")?;
        host.write(&name, format!("{fresh} {}", original(&made)).as_bytes(), 0o600)?;
    }
    Ok(fresh)
}

/// The name that is written in `file`, if it is the very file that it was written into.
fn known(file: &Path) -> Option<String> {
    let (text, meta) = (fs::read_to_string(file).ok()?, fs::metadata(file).ok()?);
    let (name, made) = text.split_once(' ')?;
    (made == original(&meta)).then(|| name.to_owned())
}

/// What a copy of a file does not share with it. The number of a file that is gone may be given again, so its birth is added
/// where the file system knows it.
fn original(meta: &Metadata) -> String {
    let born = meta.created().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    format!("{}:{}", meta.ino(), born.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_holds_only_in_the_file_that_it_was_written_into() {
        let folder = tempfile::tempdir().unwrap();
        let (first, copy) = (folder.path().join("first"), folder.path().join("copy"));
        fs::write(&first, "").unwrap();
        assert_eq!(known(&first), None, "nothing is written in it");
        let text = format!("NAME {}", original(&fs::metadata(&first).unwrap()));
        fs::write(&first, &text).unwrap();
        assert_eq!(known(&first).as_deref(), Some("NAME"));
        fs::copy(&first, &copy).unwrap();
        assert_eq!(known(&copy), None, "a copy");
        fs::rename(&first, folder.path().join("moved")).unwrap();
        assert_eq!(known(&folder.path().join("moved")).as_deref(), Some("NAME"), "the same file elsewhere");
        assert_eq!(known(&first), None, "it is gone");
    }
}
