//! The application's configuration on a host: each file as its mode, its owner and what is in it.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use blackstart_record::words::hex;
use sha2::{Digest, Sha256};

use super::Definitions;

/// The kind under which they stand in an inventory.
pub const KIND: &str = "configuration";

/// Everything below `folder`; of a folder that is not there nothing.
///
/// # Errors
/// Something in it could not be read.
pub fn read(folder: &Path) -> io::Result<Definitions> {
    let mut found = BTreeMap::new();
    if folder.exists() {
        walk(folder, folder, &mut found)?;
    }
    Ok([(KIND.to_owned(), found)].into())
}

fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let meta = fs::symlink_metadata(&path)?;
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        found.insert(name, definition(&path, &meta)?);
        if meta.is_dir() {
            walk(root, &path, found)?;
        }
    }
    Ok(())
}

fn definition(path: &Path, meta: &Metadata) -> io::Result<String> {
    if meta.is_symlink() {
        return Ok(format!("link to {}", fs::read_link(path)?.display()));
    }
    let holds = if meta.is_dir() {
        "a folder".to_owned()
    } else {
        format!("{} bytes, SHA-256 {}", meta.len(), hex(&Sha256::digest(fs::read(path)?)))
    };
    Ok(format!("mode {:04o}, owner {}:{}, {holds}", meta.permissions().mode() & 0o7777, meta.uid(), meta.gid()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_holds_who_may_read_it_and_where_a_link_leads_are_told() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("configuration");
        assert_eq!(read(&folder).unwrap()[KIND].len(), 0);
        fs::create_dir_all(folder.join("nginx")).unwrap();
        fs::write(folder.join("nginx/site.conf"), "listen 443;\n").unwrap();
        std::os::unix::fs::symlink("nginx/site.conf", folder.join("current")).unwrap();
        let whole = read(&folder).unwrap().remove(KIND).unwrap();
        let names: Vec<&str> = whole.keys().map(String::as_str).collect();
        assert_eq!(names, ["current", "nginx", "nginx/site.conf"]);
        assert_eq!(whole["current"], "link to nginx/site.conf");
        let file = folder.join("nginx/site.conf");
        for change in [
            |file: &Path| fs::set_permissions(file, fs::Permissions::from_mode(0o600)),
            |file: &Path| fs::write(file, "listen 80;\n"),
            |file: &Path| fs::remove_file(file),
        ] {
            let before = read(&folder).unwrap();
            change(&file).unwrap();
            assert_ne!(read(&folder).unwrap(), before);
        }
    }
}
