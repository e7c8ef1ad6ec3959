//! Any bytes as a rows file.

use std::path::Path;

use blackstart_record::rows::{Cursor, ReadError, Reader, Row, Table, Writer};

use super::framed::framed;
use super::{file, scratch};

/// Tables and rows up to the first error, and that error.
type Content = (Vec<(Table, Vec<Row>)>, Option<String>);

/// Reads the bytes as they are, and as blocks whose checksums hold.
pub fn rows(data: &[u8]) {
    read(data);
    read(&framed(b"BSROWS01", data));
}

/// Reads a rows file in both ways: they agree, keys do not go backwards, and what was read whole is written as it was.
pub fn read(data: &[u8]) -> Content {
    let (streamed, walked) = file::with(data, |path| (content(stream, path), content(walk, path)));
    assert_eq!(streamed, walked);
    for (_, rows) in &streamed.0 {
        assert!(rows.is_sorted_by_key(|row| row.key));
    }
    if streamed.1.is_none() {
        let folder = scratch::folder();
        let path = folder.path().join("again");
        let mut writer = Writer::create(&path).unwrap();
        for (table, rows) in &streamed.0 {
            writer.table(table).unwrap();
            rows.iter().for_each(|row| writer.row(*row).unwrap());
        }
        writer.finish().unwrap();
        assert_eq!(content(walk, &path), streamed);
    }
    streamed
}

fn content(read: fn(&Path, &mut Content) -> Result<(), ReadError>, path: &Path) -> Content {
    let mut content = Content::default();
    content.1 = read(path, &mut content).err().map(|why| why.to_string());
    content
}

fn stream(path: &Path, content: &mut Content) -> Result<(), ReadError> {
    let mut reader = Reader::open(path)?;
    while let Some(table) = reader.table()? {
        content.0.push((table.table.clone(), Vec::new()));
        for row in table {
            content.0.last_mut().unwrap().1.push(row?);
        }
    }
    Ok(())
}

fn walk(path: &Path, content: &mut Content) -> Result<(), ReadError> {
    let mut cursor = Cursor::open(path)?;
    while let Some(table) = cursor.next_table()? {
        content.0.push((table.clone(), Vec::new()));
        while let Some(row) = cursor.next_row()? {
            content.0.last_mut().unwrap().1.push(row);
        }
    }
    Ok(())
}
