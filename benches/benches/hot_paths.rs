//! The harness's own hot paths, one by one: `cargo bench --package blackstart-benches`.

#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "criterion's macros, and a benchmark that stops where it cannot go on"
)]

use std::hint::black_box;

use blackstart::engine::fields::Malformed;
use blackstart::engine::postgres::copy::{CopyReader, put_header, put_trailer};
use blackstart::workload::{self, Generator, Settings, TableSpec};
use blackstart_benches::{ledger, material};
use blackstart_record::record::Folder;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const OPERATIONS: u64 = 20_000;

fn ledger_check(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ledger check");
    group.throughput(Throughput::Elements(OPERATIONS)).sample_size(20);
    for effects in [1, ledger::EFFECTS] {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(place.path());
        ledger::write(&folder, OPERATIONS, effects).expect("a record");
        group.bench_function(format!("{effects} effects each"), |bench| {
            bench.iter(|| ledger::check(&folder).expect("no difference"));
        });
    }
}

/// A `COPY` stream of a table's initial rows.
fn stream(generator: &dyn Generator, index: usize, table: &TableSpec) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_header(&mut bytes);
    for row in 0..generator.count(index) {
        bytes.extend_from_slice(&(table.columns.len() as i16).to_be_bytes());
        generator.fields(index, row, &mut bytes);
    }
    put_trailer(&mut bytes);
    bytes
}

fn rows(criterion: &mut Criterion) {
    let domain = workload::domain("fulfilment").expect("the domain");
    let settings = Settings { rows: 20_000, ..Settings::default() };
    let generator = domain.generator(&settings);
    let all = || domain.tables().iter().enumerate();
    let count = generator.rows(domain.tables().len());
    let streams: Vec<_> = all().map(|(index, table)| (table, stream(&*generator, index, table))).collect();
    let mut group = criterion.benchmark_group("rows");
    group.throughput(Throughput::Elements(count)).sample_size(20);
    group.bench_function("generate", |bench| {
        bench.iter(|| all().map(|(index, table)| stream(&*generator, index, table).len()).sum::<usize>());
    });
    group.bench_function("read from COPY and digest", |bench| {
        bench.iter(|| {
            for (table, stream) in &streams {
                let mut reader = CopyReader::new(table.columns.len());
                let each = |fields: &[u8]| table.row(fields).map(|row| _ = black_box(row));
                reader.push::<Malformed>(stream, each).expect("a good stream");
            }
        });
    });
}

fn reports(criterion: &mut Criterion) {
    let material = material::with_findings(1_000).expect("a sample");
    let mut group = criterion.benchmark_group("reports of 1,000 cases");
    for report in blackstart_reports::REPORTS {
        group.bench_function(report.file, |bench| bench.iter(|| (report.make)(&material).expect("a report").len()));
    }
}

criterion_group!(hot_paths, ledger_check, rows, reports);
criterion_main!(hot_paths);
