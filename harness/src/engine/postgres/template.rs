//! An initialised data directory, made once per version and settings, cached, and cloned.

use blackstart_record::words::hex;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{Installation, Role, SUPERUSER};
use crate::failure::{Context, Result};
use crate::host::{Command, Host};

/// Data checksums, because a page that rots must be noticed; C.UTF-8, because it needs no locale of the machine.
const OPTIONS: [&str; 6] =
    ["--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-instructions", "--no-sync"];

/// The template for this installation and role, made on `host` if the cache does not hold it yet.
pub(super) async fn get(host: &Host, installation: &Installation, role: Role, cache: &Path) -> Result<PathBuf> {
    let settings = format!("{}\n{}\n{role:?}", installation.version, OPTIONS.join(" "));
    let digest = hex(&Sha256::digest(settings)[..8]);
    let template = cache.join("templates").join(format!("postgres-{digest}"));
    if !template.join("PG_VERSION").exists() {
        let command = Command::new(installation.bindir.join("initdb"))
            .args(["-U", SUPERUSER, "-D", &host.path("template")])
            .args(OPTIONS)
            .bound(Duration::from_secs(120));
        host.exec(&command).await?.success("initdb")?;
        keep(&host.outside("template"), &template).cannot(format_args!("keep the template {}", template.display()))?;
        host.remove_folder("template")?;
    }
    Ok(template)
}

/// Copies to a place of its own beside the template and renames, so that a template is whole or not there.
pub(in crate::engine) fn keep(made: &Path, template: &Path) -> std::io::Result<()> {
    let beside = template.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(beside)?;
    // Drills side by side each have a process of the same number: chance alone tells them apart.
    let partial = tempfile::tempdir_in(beside)?;
    let whole = partial.path().join("data");
    crate::host::tree::copy(made, &whole, &|_| Ok(()))?;
    match fs::rename(&whole, template) {
        // Another drill was faster; theirs is as good.
        Err(_) if template.is_dir() => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drills_side_by_side_keep_one_template_and_leave_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let (made, cache) = (folder.path().join("made"), folder.path().join("templates"));
        fs::create_dir(&made).unwrap();
        (0..100).for_each(|file| fs::write(made.join(file.to_string()), "some bytes").unwrap());
        fs::write(made.join("PG_VERSION"), "17").unwrap();
        let template = cache.join("postgres");
        std::thread::scope(|scope| {
            let keeping: Vec<_> = (0..8).map(|_| scope.spawn(|| keep(&made, &template))).collect();
            keeping.into_iter().for_each(|kept| kept.join().unwrap().unwrap());
        });
        assert_eq!(fs::read_dir(&template).unwrap().count(), 101);
        assert_eq!(fs::read_dir(&cache).unwrap().count(), 1, "only the template is left");
    }
}
