//! One test that fails is enough to notice a mutant: the others are not waited for.

/// Runs the tests `$0` with what they are given, up to the first that fails. They end at the next thing that they say,
/// since nobody listens any more. Without their last word, all is not well.
const SCRIPT: &str = r#"
"$0" "$@" | {
    while read -r line; do
        printf "%s\n" "$line"
        case $line in
            *" ... FAILED") exit 1 ;;
            "test result: ok."*) exit 0 ;;
        esac
    done
    exit 1
}
"#;

/// For cargo: tests are run by [`SCRIPT`].
pub fn config() -> String {
    format!("--config=target.'cfg(all())'.runner=['sh', '-c', '''{SCRIPT}''']")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What a program of tests says, whether that is well, and what is passed on.
    #[test]
    fn tests_are_well_if_they_say_so_and_are_given_up_at_the_first_that_fails() {
        let cases = [
            ("test a ... ok\ntest result: ok. 1 passed; 0 failed\n", true, "ok. 1 passed; 0 failed"),
            ("test a ... FAILED\ntest b ... ok\ntest result: FAILED. 1 passed\n", false, "test a ... FAILED"),
            ("test a - should panic ... FAILED\n", false, "test a - should panic ... FAILED"),
            ("test a ... ok\n", false, "test a ... ok"),
            ("", false, ""),
        ];
        for (says, well, last) in cases {
            let run = Command::new("sh").args(["-c", SCRIPT, "printf", says]).output().unwrap();
            assert_eq!(run.status.success(), well, "{says}");
            assert!(String::from_utf8(run.stdout).unwrap().trim_end().ends_with(last), "{says}");
        }
    }

    #[test]
    fn who_says_more_after_a_failure_is_not_waited_for() {
        let talks_on = "echo 'test a ... FAILED'; while echo more; do :; done";
        let run = Command::new("sh").args(["-c", SCRIPT, "sh", "-c", talks_on]).output().unwrap();
        assert!(!run.status.success());
    }

    #[test]
    fn cargo_can_read_it() {
        let config = config();
        let table: toml::Table = config.strip_prefix("--config=").unwrap().parse().unwrap();
        assert_eq!(table["target"]["cfg(all())"]["runner"][2].as_str().unwrap(), &SCRIPT[1..]);
    }
}
