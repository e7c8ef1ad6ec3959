//! Which of our packages may depend on which, and that each one takes part in the common rules.

use toml::{Table, Value};

use super::{Tree, Violation};

/// Our packages, and those of ours that each may depend on, tests and build scripts included.
/// Reports know records and no harness; so does the judge; the tools and the records know nobody.
const PACKAGES: &[(&str, &[&str])] = &[
    ("blackstart-record", &[]),
    ("blackstart-tools", &[]),
    ("blackstart-reports", &["blackstart-record"]),
    ("blackstart-judge", &["blackstart-record"]),
    ("blackstart", &["blackstart-judge", "blackstart-record", "blackstart-reports", "blackstart-tools"]),
    ("blackstart-ci", &["blackstart-record", "blackstart-tools"]),
    (
        "blackstart-benches",
        &["blackstart", "blackstart-judge", "blackstart-record", "blackstart-reports", "blackstart-tools"],
    ),
];

/// A member of the workspace: its manifest, and where it is.
pub(super) struct Member {
    pub(super) path: String,
    pub(super) manifest: Table,
}

pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let members = match members(tree) {
        Ok(members) => members,
        Err(violation) => return vec![violation],
    };
    members.iter().flat_map(problems).collect()
}

fn problems(member: &Member) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut say = |what: String| found.push(Violation::new(&member.path, 1, what));
    let package = member.manifest.get("package");
    let name = package.and_then(|package| package.get("name"));
    let name = name.and_then(Value::as_str).unwrap_or("a package without a name");
    let lints = member.manifest.get("lints").and_then(|lints| lints.get("workspace"));
    if lints != Some(&Value::Boolean(true)) {
        say("takes no part in the common lints: add `[lints] workspace = true`".to_owned());
    }
    let may = PACKAGES.iter().find(|(known, _)| *known == name);
    if may.is_none() {
        say(format!("`{name}` is unknown: give it a row in PACKAGES of ci/src/tidy/packages.rs"));
    }
    for (dependency, value) in dependencies(&member.manifest) {
        if value.get("workspace") != Some(&Value::Boolean(true)) {
            say(format!(
                "`{dependency}` has a version of its own: put it into [workspace.dependencies] and \
                 write `{dependency} = {{ workspace = true }}`"
            ));
        }
        let is_ours = PACKAGES.iter().any(|(known, _)| *known == dependency);
        if is_ours && may.is_some_and(|(_, may)| !may.contains(&dependency)) {
            say(format!("`{name}` may not depend on `{dependency}`"));
        }
    }
    found
}

/// The members that the root manifest names; none in a tree without one.
pub(super) fn members(tree: &Tree) -> Result<Vec<Member>, Violation> {
    let Some(root) = manifest(tree, "Cargo.toml")? else {
        return Ok(Vec::new());
    };
    let workspace = root.get("workspace");
    let members = workspace.and_then(|workspace| workspace.get("members"));
    let members = members.and_then(Value::as_array).into_iter().flatten();
    let mut read = Vec::new();
    for member in members.filter_map(Value::as_str) {
        let path = format!("{member}/Cargo.toml");
        let manifest = manifest(tree, &path)?.ok_or_else(|| {
            let what = format!("the member {member} has no manifest at {path}");
            Violation::new("Cargo.toml", 1, what)
        })?;
        read.push(Member { path, manifest });
    }
    Ok(read)
}

/// The manifest at `path`; `None` if there is none.
pub(super) fn manifest(tree: &Tree, path: &str) -> Result<Option<Table>, Violation> {
    let Some(file) = tree.file(path) else {
        return Ok(None);
    };
    let read = file.text.parse().map(Some);
    read.map_err(|error: toml::de::Error| {
        let before = error.span().map_or("", |span| &file.text[..span.start]);
        let line = before.matches('\n').count() + 1;
        Violation::new(path, line, error.message())
    })
}

/// Every dependency of a manifest, for tests, build scripts and single targets too.
pub(super) fn dependencies(manifest: &Table) -> Vec<(&str, &Value)> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets.into_iter().flat_map(Table::values);
    let holders = std::iter::once(manifest).chain(targets.filter_map(Value::as_table));
    holders
        .flat_map(|holder| {
            ["dependencies", "dev-dependencies", "build-dependencies"]
                .into_iter()
                .filter_map(|kind| holder.get(kind)?.as_table())
        })
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str, rest: &str) -> String {
        let root = "[workspace]\nmembers = [\"m\"]\n";
        let member = format!("[package]\nname = \"{name}\"\n{rest}");
        let tree = Tree::of([("Cargo.toml", root), ("m/Cargo.toml", &member)]);
        let said: Vec<String> = check(&tree).iter().map(Violation::to_string).collect();
        said.join("\n")
    }

    const LINTS: &str = "[lints]\nworkspace = true\n";

    #[test]
    fn clean_packages_are_clean() {
        for (name, rest) in [
            ("blackstart-record", ""),
            ("blackstart-reports", "[dependencies]\nblackstart-record.workspace = true\n"),
            (
                "blackstart",
                "[dependencies]\nblackstart-reports = { workspace = true }\nserde = { workspace = true, features = [] }\n",
            ),
        ] {
            assert_eq!(said(name, &format!("{rest}{LINTS}")), "", "{name}");
        }
    }

    #[test]
    fn each_breach_is_named() {
        for (name, rest, expected) in [
            ("blackstart", "", "takes no part in the common lints"),
            (
                "blackstart-reports",
                "[dev-dependencies]\nblackstart = { workspace = true }\n[lints]\nworkspace = true\n",
                "`blackstart-reports` may not depend on `blackstart`",
            ),
            (
                "blackstart-record",
                "[target.'cfg(unix)'.dependencies]\nblackstart-reports = { workspace = true }\n[lints]\nworkspace = true\n",
                "may not depend on `blackstart-reports`",
            ),
            (
                "blackstart",
                "[build-dependencies]\nserde = \"1\"\n[lints]\nworkspace = true\n",
                "`serde` has a version of its own",
            ),
            ("newcomer", LINTS, "`newcomer` is unknown"),
            ("blackstart", "[", "m/Cargo.toml:3: "),
        ] {
            let said = said(name, rest);
            assert!(said.contains(expected), "{name}: {said:?}");
            assert_eq!(said.lines().count(), 1, "{said}");
        }
    }

    #[test]
    fn a_member_without_a_manifest_is_named() {
        let tree = Tree::of([("Cargo.toml", "[workspace]\nmembers = [\"gone\"]\n")]);
        let said = check(&tree)[0].to_string();
        assert!(said.contains("gone/Cargo.toml"), "{said}");
    }
}
