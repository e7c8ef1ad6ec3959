//! Exactly so many rows deleted, changed, doubled, brought back, or added from after R in a real copy: exactly so many of
//! that kind are found, and nothing of another kind.

use blackstart::plan::EngineKind;
use blackstart_record::verdict::{DifferenceKind, DrillVerdict, Verdict};

use crate::engine::{Engine, of_each_engine};
use crate::ground::{AT_CUT, Ground, Kept};
use crate::world::DATABASE;

of_each_engine!(exactly_the_planted_defects_are_found_and_called_what_they_are);

/// A kind of defect: where it is planted, how (`$k` rows; `$columns` are the table's own), and what it has to be called.
struct Defect {
    kind: DifferenceKind,
    table: &'static str,
    sql: &'static str,
}

/// The defects of an engine, and what they are made of.
pub struct Planted {
    pub kept: Kept,
    defects: &'static [Defect],
}

/// Those of `engine`.
pub fn planted(engine: &Engine) -> &'static Planted {
    match engine.kind {
        EngineKind::Postgres => &POSTGRESQL,
        EngineKind::Mysql => &MARIADB,
    }
}

static POSTGRESQL: Planted = Planted {
    kept: Kept {
        graveyard: "CREATE TABLE graveyard (LIKE app.order_lines);
            CREATE FUNCTION bury() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
                $$ BEGIN INSERT INTO public.graveyard SELECT old.*; RETURN old; END $$;
            CREATE TRIGGER bury AFTER DELETE ON app.order_lines FOR EACH ROW EXECUTE FUNCTION bury()",
        later: "SELECT count(*) FROM audit.log WHERE op >= $op",
        bring: &[
            (DATABASE, "COPY (SELECT * FROM audit.log ORDER BY id DESC LIMIT $k) TO '$aside'"),
            (AT_CUT, "CREATE TABLE later (LIKE audit.log); COPY later FROM '$aside'"),
        ],
    },
    defects: &[
        Defect {
            kind: DifferenceKind::Missing,
            table: "app.orders",
            sql: "DELETE FROM app.orders WHERE id IN (SELECT id FROM app.orders ORDER BY md5(id::text) LIMIT $k)",
        },
        Defect {
            // As close as values come: the empty text is not NULL.
            kind: DifferenceKind::Changed,
            table: "app.customers",
            sql: "UPDATE app.customers SET nickname = CASE WHEN nickname IS NULL THEN '' ELSE NULL END \
                  WHERE id IN (SELECT id FROM app.customers ORDER BY md5(id::text) LIMIT $k)",
        },
        Defect {
            kind: DifferenceKind::Duplicate,
            table: "audit.log",
            sql: "ALTER TABLE audit.log DROP CONSTRAINT log_pkey; INSERT INTO audit.log ($columns) \
                  OVERRIDING SYSTEM VALUE SELECT $columns FROM audit.log ORDER BY md5(id::text) LIMIT $k",
        },
        Defect {
            kind: DifferenceKind::Resurrected,
            table: "app.order_lines",
            sql: "INSERT INTO app.order_lines ($columns) SELECT $columns FROM graveyard ORDER BY order_number, line LIMIT $k",
        },
        Defect {
            kind: DifferenceKind::AfterCut,
            table: "audit.log",
            sql: "INSERT INTO audit.log ($columns) OVERRIDING SYSTEM VALUE \
                  SELECT $columns FROM later ORDER BY id DESC LIMIT $k",
        },
    ],
};

static MARIADB: Planted = Planted {
    kept: Kept {
        graveyard: "CREATE TABLE graveyard AS SELECT * FROM shipments LIMIT 0;
            CREATE TRIGGER bury BEFORE DELETE ON shipments FOR EACH ROW
                INSERT INTO graveyard SELECT * FROM shipments WHERE id = OLD.id",
        later: "SELECT count(*) FROM audit_trail WHERE op >= $op",
        bring: &[(AT_CUT, "CREATE TABLE later AS SELECT * FROM app.audit_trail ORDER BY id DESC LIMIT $k")],
    },
    defects: &[
        Defect {
            kind: DifferenceKind::Missing,
            table: "payments",
            sql: "DELETE FROM payments ORDER BY md5(id) LIMIT $k",
        },
        Defect {
            // As close as values come: no bytes are not NULL.
            kind: DifferenceKind::Changed,
            table: "shipments",
            sql: "UPDATE shipments SET label = IF(label IS NULL, '', NULL) ORDER BY md5(id) LIMIT $k",
        },
        Defect {
            kind: DifferenceKind::Duplicate,
            table: "audit_trail",
            sql: "ALTER TABLE audit_trail MODIFY id BIGINT NOT NULL, DROP PRIMARY KEY; \
                  INSERT INTO audit_trail ($columns) SELECT $columns FROM audit_trail ORDER BY md5(id) LIMIT $k",
        },
        Defect {
            kind: DifferenceKind::Resurrected,
            table: "shipments",
            sql: "INSERT INTO shipments ($columns) SELECT $columns FROM graveyard ORDER BY id LIMIT $k",
        },
        Defect {
            kind: DifferenceKind::AfterCut,
            table: "audit_trail",
            sql: "INSERT INTO audit_trail ($columns) SELECT $columns FROM later ORDER BY id DESC LIMIT $k",
        },
    ],
};

const NUMBERS: &[usize] = &[1, 7, 1_000];
const FEW: &[usize] = &[7];

async fn exactly_the_planted_defects_are_found_and_called_what_they_are(engine: &'static Engine) {
    let numbers = if engine.whole() { NUMBERS } else { FEW };
    let most = *numbers.last().unwrap();
    let Planted { kept, defects } = planted(engine);
    let ground = Ground::prepare(engine, 30, kept, most).await;
    let (untouched, verdict) = ground.judge_copy("SELECT 1").await;
    assert_eq!(untouched.differences, []);
    assert_eq!((untouched.torn, untouched.unverifiable, untouched.open, untouched.holes.rows), (0, 0, 0, 0));
    assert!(untouched.tail.rows >= most as u64, "what was done after R is the tail: {:?}", untouched.tail);
    let outcome =
        |verdict: &DrillVerdict, name| verdict.findings.iter().find(|finding| finding.checker == name).unwrap().verdict;
    assert_eq!((outcome(&verdict, "LOST"), outcome(&verdict, "GHOST")), (Verdict::Met, Verdict::Met));
    for Defect { kind, table, sql } in *defects {
        let what = format!("{kind:?} in {table}");
        let spec = engine.domain().tables().iter().find(|spec| spec.name == *table).unwrap();
        let sql = sql.replace("$columns", &spec.column_list());
        for k in numbers {
            let (found, verdict) = ground.judge_copy(&sql.replace("$k", &k.to_string())).await;
            let differences: Vec<_> =
                found.differences.iter().map(|found| (found.table.as_str(), found.kind, found.count)).collect();
            assert_eq!(differences, [(*table, *kind, *k as u64)], "{k} {what}");
            assert_eq!((found.torn, found.unverifiable, found.open), (0, 0, 0), "{k} {what}");
            assert_eq!(found.tail, untouched.tail, "{k} {what}");
            let hole = matches!(kind, DifferenceKind::Missing | DifferenceKind::Changed);
            assert_eq!(found.holes.rows, if hole { *k as u64 } else { 0 }, "{k} {what}");
            let expected = if hole { (Verdict::Missed, Verdict::Met) } else { (Verdict::Met, Verdict::Missed) };
            assert_eq!((outcome(&verdict, "LOST"), outcome(&verdict, "GHOST")), expected, "{k} {what}");
            let rpa = verdict.measures.rpa.unwrap();
            assert_eq!((rpa.hole_rows, rpa.tail_operations), (found.holes.rows, untouched.tail.operations), "{what}");
        }
    }
}
