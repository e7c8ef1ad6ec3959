//! Data directories that were made once, are cached, and are cloned.

use std::fs;
use std::path::Path;

/// Copies to a place of its own beside the template and renames, so that a template is whole or not there.
pub(super) fn keep(made: &Path, template: &Path) -> std::io::Result<()> {
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
