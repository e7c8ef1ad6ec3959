//! Every dependency is in the README's table with its reason, and somebody uses it.

use toml::{Table, Value};

use super::packages::{dependencies, manifest, members};
use super::{Tree, Violation};

const README: &str = "README.md";

/// What a person should know when the rule could not be applied.
pub(super) fn note(tree: &Tree) -> Option<&'static str> {
    (tree.file(README).is_none()).then_some("there is no README.md yet, so its table of dependencies was not checked")
}

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let Some(readme) = tree.file(README) else {
        return Vec::new();
    };
    // A manifest that can't be read is reported by the rule on packages.
    let (Ok(Some(root)), Ok(members)) = (manifest(tree, "Cargo.toml"), members(tree)) else {
        return Vec::new();
    };
    let shared = root.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    let shared = shared.and_then(Value::as_table).into_iter().flat_map(Table::iter);
    let foreign = shared.filter(|(_, value)| value.get("path").is_none());
    let used: Vec<&str> =
        (members.iter()).flat_map(|member| dependencies(&member.manifest)).map(|(name, _)| name).collect();
    let explained: Vec<&str> = readme.text.lines().flat_map(named_in_row).collect();
    let mut found = Vec::new();
    for (name, _) in foreign {
        if !used.contains(&name.as_str()) {
            let what = format!("no package uses `{name}`: remove it from [workspace.dependencies]");
            found.push(Violation::new("Cargo.toml", 1, what));
        } else if !explained.contains(&name.as_str()) {
            let what = format!("the table of dependencies lacks `{name}`: add it, with what it is for");
            found.push(Violation::new(README, 1, what));
        }
    }
    found
}

/// The names in code marks in the first cell of a table's row: `| `toml` | plans |`.
fn named_in_row(line: &str) -> impl Iterator<Item = &str> {
    let cell = line.trim().strip_prefix('|').and_then(|row| row.split('|').next());
    // Of what the marks separate, every second piece is inside a pair.
    cell.into_iter().flat_map(|cell| cell.split('`').skip(1).step_by(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(used: &str, readme: Option<&str>) -> Vec<String> {
        let root = "[workspace]\nmembers = [\"m\"]\n[workspace.dependencies]\n\
                    ours = { path = \"ours\" }\ntoml = \"1\"\ntokio-postgres = { version = \"0.7\" }\n";
        let member = format!("[package]\nname = \"m\"\n[dev-dependencies]\n{used}");
        let mut files = vec![("Cargo.toml", root), ("m/Cargo.toml", &member)];
        files.extend(readme.map(|text| (README, text)));
        let violations = check(&Tree::of(files));
        violations.iter().map(Violation::to_string).collect()
    }

    const BOTH: &str = "toml = { workspace = true }\ntokio-postgres = { workspace = true }\n";
    const TABLE: &str = "# X\n| part | why |\n| --- | --- |\n| `toml`, `tokio-postgres` | both |\n";

    #[test]
    fn a_dependency_that_is_used_and_explained_is_clean() {
        assert_eq!(said(BOTH, Some(TABLE)), Vec::<String>::new());
    }

    #[test]
    fn one_that_is_not_used_or_not_explained_is_named() {
        let unused = said("toml = { workspace = true }\n", Some(TABLE));
        assert_eq!(unused.len(), 1, "{unused:?}");
        assert!(unused[0].contains("no package uses `tokio-postgres`"), "{unused:?}");
        let other_cell = "| `toml` | reads what `tokio-postgres` says |\n\nand `tokio-postgres`\n";
        let unexplained = said(BOTH, Some(other_cell));
        assert_eq!(unexplained.len(), 1, "{unexplained:?}");
        assert!(unexplained[0].contains("lacks `tokio-postgres`"), "{unexplained:?}");
    }

    #[test]
    fn without_a_readme_the_rule_waits_and_says_so() {
        assert!(said("", None).is_empty());
        assert!(note(&Tree::of([("a.md", "")])).is_some());
        assert!(note(&Tree::of([(README, "")])).is_none());
    }
}
