//! Three records to report on: a drill that went well, one that went badly, one that was cut off.
//!
//! They are made, not recorded: small enough to be read, and with every kind of event in them.

mod history;
mod plan;
mod trials;
mod verdict;

use std::io;
use std::path::Path;

use blackstart_record::history::Writer;
use blackstart_record::observation::{Image, Observation, Rows};
use blackstart_record::record::Folder;
use blackstart_record::rows::Key;

/// Which sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sample {
    /// Everything is met.
    Healthy,
    /// Missed objectives, wrong rows, closed gates, hostile names.
    Bad,
    /// Killed in the middle of the restore.
    CutOff,
}

/// All of them, with the names of their folders.
pub const ALL: [(Sample, &str); 3] = [(Sample::Healthy, "healthy"), (Sample::Bad, "bad"), (Sample::CutOff, "cut-off")];

/// A name that wants to be markup, in every language that reports are written in.
pub const HOSTILE: &str = "<script>alert('x')</script> ]]> `|*_ \u{202e}\u{1b}[31m\u{0} & \"q\"";

/// Writes a sample record into `path`.
pub fn write(sample: Sample, path: &Path) -> io::Result<Folder> {
    std::fs::create_dir_all(path)?;
    let folder = Folder::new(path);
    folder.store(&folder.record(), &plan::record(sample))?;
    let mut writer = Writer::create(&folder.history())?;
    for entry in history::entries(sample) {
        writer.append(&entry)?;
    }
    if sample == Sample::CutOff {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new().append(true).open(folder.history())?;
        file.write_all(b"{\"at\":123456,\"wall\":\"2026-")?;
    }
    if sample != Sample::CutOff {
        folder.store(&folder.observation("rows"), &Observation::Rows(rows(sample)))?;
    }
    if sample == Sample::Bad {
        folder.store(&folder.observation("crash-points"), &Observation::CrashPoints(trials::seen_of_crash_points()))?;
    }
    folder.store(&folder.verdict(), &verdict::verdict(sample))?;
    Ok(folder)
}

fn rows(sample: Sample) -> Rows {
    let tables = [("app.orders", 60_412), ("app.order_lines", 98_003), ("app.stock", 12_000), ("audit.log", 31_775)];
    let read = tables.into_iter().map(|(table, rows)| (table.to_owned(), rows)).collect();
    let mut seen = Rows { read, bytes: 61_203_411, ..Rows::default() };
    if sample == Sample::Bad {
        let columns = |id: &str, status: &str, note: Option<&str>| {
            let pairs = [
                ("id", Some(id)),
                ("tenant", Some("7")),
                ("status", Some(status)),
                ("note", note),
                ("total", Some("199.90")),
            ];
            Some(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.map(str::to_owned))).collect())
        };
        let table = "app.orders".to_owned();
        seen.images = vec![
            Image {
                table: table.clone(),
                key: Key(1042),
                expected: columns("1042", "shipped", Some(HOSTILE)),
                observed: columns("1042", "cancelled", None),
            },
            Image { table: table.clone(), key: Key(1043), expected: columns("1043", "open", Some("")), observed: None },
            Image {
                table,
                key: Key(9001),
                expected: None,
                observed: columns("9001", "open", Some("Zoë \u{1f980} e\u{301}")),
            },
        ];
        seen.unreadable.insert("audit.log".into(), "invalid page in block 16 of relation base/16384/16412".into());
    }
    seen
}
