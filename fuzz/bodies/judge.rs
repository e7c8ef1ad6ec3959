//! A record in which one file holds any bytes, judged.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use blackstart_record::record::Folder;
use blackstart_record::verdict::DrillVerdict;

use super::framed::framed;
use super::scratch;

const NAMES: [&str; 15] = [
    "record.json",
    "history.jsonl",
    "ledger.bin",
    "initial.rows",
    "restored.rows",
    "observations/attack.json",
    "observations/canaries.json",
    "observations/clean-restore.json",
    "observations/fence.json",
    "observations/identity.json",
    "observations/indexes.json",
    "observations/inventory.json",
    "observations/invariants.json",
    "observations/rows.json",
    "observations/writes.json",
];

/// The files of a small record that is met.
pub static FILES: LazyLock<Vec<(&str, Vec<u8>)>> = LazyLock::new(|| {
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/record");
    NAMES.map(|name| (name, fs::read(record.join(name)).unwrap())).into()
});

/// Judges the record with one file replaced: the first byte says which, the others are its content; where its high bit
/// is set, as frames whose checksums hold.
///
/// Nothing panics, no checker either, and twice the same record gives twice the same verdict.
pub fn judge(data: &[u8], judge: impl Fn(&Folder) -> Option<DrillVerdict>) -> Option<DrillVerdict> {
    thread_local!(static RECORD: tempfile::TempDir = whole());
    let (choice, content) = data.split_first()?;
    let (name, original) = &FILES[usize::from(choice & 0x7f) % FILES.len()];
    let content = if choice & 0x80 == 0 { content.to_vec() } else { framed(&original[..8], content) };
    RECORD.with(|record| {
        let path = record.path().join(name);
        fs::write(&path, content).unwrap();
        let folder = Folder::new(record.path());
        let verdict = judge(&folder);
        assert_eq!(verdict, judge(&folder));
        fs::write(&path, original).unwrap();
        if let Some(verdict) = &verdict {
            assert!(verdict.gates.iter().all(|gate| gate.id != "checker-panicked"), "{name}: {:?}", verdict.gates);
        }
        verdict
    })
}

fn whole() -> tempfile::TempDir {
    let folder = scratch::folder();
    fs::create_dir(folder.path().join("observations")).unwrap();
    FILES.iter().for_each(|(name, bytes)| fs::write(folder.path().join(name), bytes).unwrap());
    folder
}
