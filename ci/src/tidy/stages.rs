//! The one way through the harness: a stage imports what is to its left, and nothing else.
//!
//! The order is that of the map in `harness/src/lib.rs`, up to `drill`, where the stages meet, and
//! `cli`, which alone knows the reports. Kept as a test, because an
//! import to the right compiles, works, and ends the property that a stage can be understood by
//! reading leftwards.

use super::rust::{self, PathUse};
use super::{Tree, Violation};

/// The stages, from left to right. A stage imports from rows above its own; those that share a row
/// don't know each other.
const STAGES: &[&[&str]] = &[
    &["plan"],
    &["host"],
    &["engine", "link", "store"],
    &["workload"],
    &["oracle"],
    &["fault"],
    &["pipeline"],
    &["runbook"],
    &["sabotage"],
    &["examine"],
    &["verdict"],
    &["drill"],
    &["cli"],
    &["library"],
];

/// Small shared modules that every stage may import, and that import none.
const VOCABULARY: &[&str] = &["clock", "failure", "secret", "tools"];

/// The only stage that may use the reports.
const KNOWS_REPORTS: &str = "cli";

/// Where stages are: oracle and verdict, which know no server, are a package of their own.
const SOURCES: &[&str] = &["harness/src/", "judge/src/"];
/// The package of stages that the other one depends on.
const JUDGE: &str = "blackstart_judge";
const REPORTS: &str = "blackstart_reports";

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    // A stage that the table lacks is said once, at its first file, and not by all who import it.
    let mut unplaced: Vec<&str> = Vec::new();
    for (file, tokens) in tree.rust() {
        let Some(inside) = inside(&file.path) else {
            continue;
        };
        let module = module(inside);
        // The crate's roots: main calls the cli, lib is the map of all modules.
        let Some(stage) = module.first().copied() else {
            continue;
        };
        let Some(place) = place(stage) else {
            if !unplaced.contains(&stage) {
                found.push(Violation::new(&file.path, 1, unknown(stage)));
                unplaced.push(stage);
            }
            continue;
        };
        for path in rust::paths(tokens) {
            let problem = if path.segments[0] == REPORTS && stage != KNOWS_REPORTS {
                Some(format!("`{stage}` uses {REPORTS}, which only `{KNOWS_REPORTS}` may: hand it a record"))
            } else {
                imported(&module, &path)
                    .filter(|other| self::place(other).is_some() || !has_files(tree, other))
                    .and_then(|other| judge(stage, place, other))
            };
            found.extend(problem.map(|what| Violation::new(&file.path, path.line, what)));
        }
    }
    // `use crate::x::{a, b}` is two imports and one mistake.
    found.dedup();
    found
}

fn has_files(tree: &Tree, stage: &str) -> bool {
    let mut files = tree.files().iter().filter_map(|file| inside(&file.path));
    files.any(|path| module(path).first() == Some(&stage))
}

/// The path of a file of a stage's package, from the root of its source.
fn inside(path: &str) -> Option<&str> {
    SOURCES.iter().find_map(|source| path.strip_prefix(source))
}

/// Where a stage is: its row from the left; the vocabulary is to the left of all.
fn place(stage: &str) -> Option<usize> {
    if VOCABULARY.contains(&stage) {
        return Some(0);
    }
    let row = STAGES.iter().position(|row| row.contains(&stage))?;
    Some(row + 1)
}

/// Why a file of `stage` may not import `other`; `None` if it may.
fn judge(stage: &str, place: usize, other: &str) -> Option<String> {
    if stage == other {
        return None;
    }
    let Some(there) = self::place(other) else {
        return Some(unknown(other));
    };
    let shared = VOCABULARY.contains(&stage) && VOCABULARY.contains(&other);
    if there < place || shared {
        return None;
    }
    let side = if there == place { "beside" } else { "right of" };
    Some(format!(
        "`{stage}` imports `{other}`, which is {side} it: move what both need to the left, or let \
         drill.rs hand it in"
    ))
}

fn unknown(name: &str) -> String {
    format!(
        "`{name}` is no stage: give it a row in STAGES or VOCABULARY of ci/src/tidy/stages.rs, or, \
         if it is reexported by lib.rs, name the module that it is from"
    )
}

/// The modules that a file is in, from the root of its source: `fault/mod.rs` and `fault.rs` are `[fault]`,
/// `fault/pages.rs` is `[fault, pages]`, the crate's roots are none.
fn module(inside: &str) -> Vec<&str> {
    let inside = inside.trim_end_matches(".rs");
    let inside = inside.trim_end_matches("/mod");
    if ["main", "lib"].contains(&inside) {
        return Vec::new();
    }
    inside.split('/').collect()
}

/// The stage that `path` leads to, if it leads through the root of a package of stages.
fn imported<'a>(module: &[&str], path: &'a PathUse) -> Option<&'a str> {
    let mut segments = path.segments.iter().map(String::as_str).peekable();
    segments.next_if_eq(&"self");
    let mut above = 0;
    if segments.next_if(|segment| ["crate", JUDGE].contains(segment)).is_none() {
        while segments.next_if_eq(&"super").is_some() {
            above += 1;
        }
        if above < module.len() + path.depth {
            return None;
        }
    }
    segments.next().filter(|name| *name != "self")
}

#[cfg(test)]
mod tests {
    use super::super::tests::broken_by;
    use super::*;

    const HARNESS: &str = "harness/src/";

    /// What the rule says of this line in this file of the harness; empty if it is clean.
    fn said(file: &str, line: &str) -> String {
        broken_by(check, &format!("{HARNESS}{file}"), line).join("\n")
    }

    #[test]
    fn imports_leftwards_are_clean() {
        for (file, line) in [
            ("plan/mod.rs", "use crate::tools::Tool;"),
            ("plan/load.rs", "use super::Plan; use crate::plan::Seed;"),
            ("engine/postgres.rs", "use crate::{host::Host, plan, secret::Secret};"),
            ("link.rs", "use crate::host::Host;"),
            ("examine/rows.rs", "use blackstart_judge::oracle; use blackstart_record::Finding;"),
            ("drill.rs", "use crate::{plan, host, engine, fault, verdict};"),
            ("cli/run.rs", "use crate::drill; use blackstart_reports::html;"),
            ("main.rs", "use blackstart::cli; use blackstart_reports::x;"),
            ("lib.rs", "pub mod cli; pub mod plan; use crate::cli::X;"),
            ("clock.rs", "use crate::secret::Secret;"),
            ("plan.rs", "mod tests { use super::*; }"),
            ("plan/a.rs", "use super::super::plan::b; use crate::plan;"),
            ("plan.rs", "pub(crate) struct S; // crate::drill\nconst T: &str = \"crate::drill\";"),
        ] {
            assert_eq!(said(file, line), "", "{file}: {line}");
        }
    }

    #[test]
    fn every_other_import_is_named_with_its_line() {
        for (file, line, expected) in [
            ("plan/mod.rs", "use crate::drill;", "`plan` imports `drill`, which is right of"),
            ("host/native.rs", "use crate::{plan, engine::Engine};", "imports `engine`"),
            ("engine/mod.rs", "fn f() { crate::verdict::judge() }", "imports `verdict`"),
            ("engine/mod.rs", "use crate::store::Store;", "which is beside it"),
            ("fault/x.rs", "select! { _ = crate::pipeline::run() => {} }", "imports `pipeline`"),
            ("workload/rta.rs", "use super::super::cli::run;", "imports `cli`"),
            ("examine/rows.rs", "use blackstart_judge::verdict;", "imports `verdict`"),
            ("plan.rs", "use super::drill;", "imports `drill`"),
            ("plan.rs", "mod inner { use super::super::drill; }", "imports `drill`"),
            ("plan.rs", "use super::{host::{self, Host}};", "imports `host`"),
            ("tools.rs", "use crate::plan::Plan;", "`tools` imports `plan`"),
            ("drill.rs", "use crate::cli;", "imports `cli`"),
            ("drill.rs", "use blackstart_reports::html;", "only `cli` may"),
            ("plan.rs", "use crate::*;", "`*` is no stage"),
            ("plan.rs", "use crate::Drill;", "name the module"),
            ("helpers.rs", "", "`helpers` is no stage"),
        ] {
            let said = said(file, &format!("\n{line}"));
            assert!(said.contains(expected), "{file}: {line}: {said:?}");
            let at = if line.is_empty() { 1 } else { 2 };
            assert!(said.starts_with(&format!("{HARNESS}{file}:{at}: ")), "{said}");
        }
    }

    #[test]
    fn a_stage_without_a_row_is_said_once_however_many_import_it() {
        let tree = Tree::of([
            ("harness/src/newcomer/a.rs", ""),
            ("harness/src/newcomer/b.rs", "use crate::cli;"),
            ("harness/src/cli.rs", "use crate::newcomer::{a, b};"),
        ]);
        let said = check(&tree);
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0].path, "harness/src/newcomer/a.rs");
    }

    #[test]
    fn an_import_of_several_names_is_one_mistake() {
        let said = said("plan.rs", "use crate::drill::{a, b};");
        assert_eq!(said.lines().count(), 1, "{said}");
    }

    #[test]
    fn the_judge_has_stages_too() {
        let said = broken_by(check, "judge/src/oracle/compare.rs", "use crate::verdict::judge;").join("");
        assert!(said.contains("`oracle` imports `verdict`"), "{said}");
        assert!(broken_by(check, "judge/src/verdict/lost.rs", "use crate::oracle;").is_empty());
    }

    #[test]
    fn other_packages_have_no_stages() {
        assert!(broken_by(check, "reports/src/html.rs", "use crate::drill;").is_empty());
    }
}
