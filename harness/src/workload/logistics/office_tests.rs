//! The application without a server: what it looks at is told by the generator, and every operation is acknowledged.

use std::collections::BTreeSet;

use super::Logistics;
use super::office::Office;
use super::shares::BRANCHES;
use super::tables::{DRIVERS, PAYMENTS, SHIPMENTS, STAFF, TABLES};
use crate::engine::fields::{ColumnType, Fields, Value, integer_at, show};
use crate::workload::{Application, Domain, Effects, Ending, Generator, Operation, Rows, Settings};

/// One client that owns every branch.
pub fn settings(rows: u64) -> Settings {
    Settings { rows, clients: 1, ..Settings::default() }
}

/// What a look at a branch answers right after the load.
fn answers(generator: &dyn Generator, branch: i64) -> Vec<Rows> {
    let of_branch = |table: usize| -> Rows {
        let row = |index| {
            let mut out = Vec::new();
            generator.fields(table, index, &mut out);
            out
        };
        (0..generator.count(table)).map(row).filter(|row| integer_at(row, 1) == Ok(branch)).collect()
    };
    let numbers = |values: &[i64]| {
        let mut row = Vec::new();
        values.iter().for_each(|value| Value::Int8(*value).put(&mut row));
        row
    };
    let at = |table: usize, name: &str| TABLES[table].columns.iter().position(|column| column.name == name).unwrap();
    let ids = |rows: Rows| rows.iter().map(|row| numbers(&[integer_at(row, 0).unwrap()])).collect::<Rows>();
    let (status, cash) = (at(SHIPMENTS, "status"), at(SHIPMENTS, "cod_amount"));
    let mut open: Rows = of_branch(SHIPMENTS)
        .iter()
        .filter(|row| integer_at(row, status).unwrap() < 3)
        .map(|row| {
            let has_cash = show(ColumnType::Numeric, Fields::new(row).nth(cash).flatten().unwrap()) != "0.00";
            numbers(&[integer_at(row, 0).unwrap(), integer_at(row, status).unwrap(), i64::from(has_cash)])
        })
        .collect();
    open.reverse();
    open.truncate(64);
    let settlement = at(PAYMENTS, "settlement_id");
    let unsettled = of_branch(PAYMENTS).iter().filter(|row| Fields::new(row).nth(settlement) == Some(None)).count();
    vec![ids(of_branch(STAFF)), ids(of_branch(DRIVERS)), open, vec![numbers(&[unsettled as i64])]]
}

/// Plans this many operations, each acknowledged unless it ends otherwise.
pub fn play(settings: &Settings, count: u64, mut see: impl FnMut(u64, &Office, &Operation)) {
    let generator = Logistics.generator(settings);
    let mut office = Office::new(settings, 0);
    for tenant in office.tenants().to_vec() {
        office.saw(tenant, &answers(&*generator, tenant.into()));
    }
    for op in 1..=count {
        let operation = office.next(op);
        see(op, &office, &operation);
        if operation.ending == Ending::Commit {
            office.acknowledged(&[]);
        }
    }
}

#[test]
fn every_parameter_is_of_the_type_that_its_statement_says() {
    let mut used = BTreeSet::new();
    play(&settings(2000), 3000, |op, office, operation| {
        let looks = office.look(1).steps;
        for step in operation.steps.iter().chain(&looks) {
            let statement = &office.statements()[step.statement];
            let fields: Vec<_> = Fields::new(&step.parameters).collect();
            assert_eq!(fields.len(), statement.parameters.len(), "operation {op}: {}", statement.sql);
            for (field, kind) in fields.iter().zip(statement.parameters) {
                let shown = field.map(|bytes| show(*kind, bytes)).unwrap_or_default();
                assert!(!shown.ends_with("(not of its type)"), "operation {op}: {shown} in {}", statement.sql);
            }
            used.insert(step.statement);
        }
    });
    assert_eq!(used.len(), Office::new(&settings(2000), 0).statements().len(), "no statement is never used");
}

#[test]
fn whatever_is_committed_is_read_back_after_the_last_write() {
    let mut endings = BTreeSet::new();
    play(&settings(2000), 3000, |op, office, operation| {
        endings.insert(format!("{:?}", operation.ending));
        let effect = |step: usize| office.statements()[step].effect;
        let writes = |step: usize| !office.statements()[step].sql.starts_with("SELECT");
        let steps: Vec<usize> = operation.steps.iter().map(|step| step.statement).collect();
        let last_write = steps.iter().rposition(|step| writes(*step)).unwrap();
        let read = |place: usize| matches!(effect(steps[place]), Effects::Written(_));
        assert!((0..last_write).all(|place| !read(place)), "operation {op} changes what it has read");
        assert!(operation.ending == Ending::Refusal || (last_write..steps.len()).any(read), "operation {op}");
        for step in operation.steps.iter().filter(|step| writes(step.statement)) {
            assert_eq!(step.rows, Some(0), "operation {op}");
        }
    });
    assert_eq!(endings.len(), 3, "{endings:?}");
}

#[test]
fn a_branch_has_one_owner_and_clients_without_one_only_read() {
    for clients in [1, 3, 8, 16, 20] {
        let settings = Settings { clients, ..Settings::default() };
        let offices: Vec<Office> = (0..clients).map(|client| Office::new(&settings, client)).collect();
        let mut owned: Vec<u32> = offices.iter().flat_map(|office| office.tenants().to_vec()).collect();
        owned.sort_unstable();
        assert_eq!(owned, (1..=BRANCHES as u32).collect::<Vec<_>>(), "{clients} clients");
        for mut idle in offices.into_iter().filter(|office| office.tenants().is_empty()) {
            let operation = idle.next(1);
            let reads = |step: &crate::workload::Step| idle.statements()[step.statement].sql.starts_with("SELECT");
            assert!(operation.steps.iter().all(reads) && operation.ending == Ending::Rollback);
        }
    }
}

#[test]
fn a_look_that_cannot_be_read_leaves_shipments_to_accept() {
    let mut office = Office::new(&settings(300), 0);
    for tenant in 1..=BRANCHES as u32 {
        office.saw(tenant, &[vec![vec![0, 0]]]);
    }
    for op in 1..=50 {
        let operation = office.next(op);
        assert!(!operation.steps.is_empty());
    }
}
