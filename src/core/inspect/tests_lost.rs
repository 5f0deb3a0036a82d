//! Tests that a build has removed, emptied, skipped or weakened.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::{Change, Finding, Kind, finding};

/// By the end of a file's name: what skips a test, or all but one.
static SKIPS: LazyLock<Vec<(&[&str], Regex)>> = LazyLock::new(|| {
    let script: &[&str] = &["js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue", "svelte"];
    let all: [(&[&str], &str); 11] = [
        (&["rs"], r"#\[\s*(?:cfg_attr\s*\(.*)?ignore\b"),
        (
            &["py"],
            r"@(?:pytest\.mark\.|unittest\.|mark\.)?(?:skip|skipif|skipIf|skipUnless|xfail|expectedFailure)\b|\bpytest\.(?:skip|xfail|importorskip)\s*\(|\bself\.skipTest\s*\(|\bSkipTest\b|\bpytestmark\s*=.*skip",
        ),
        (
            script,
            r"\b(?:it|test|describe|context|suite|bench)\.(?:skip|only|todo|failing|skipIf|fixme)\b|\b(?:xit|xtest|xdescribe|xcontext|fit|fdescribe)\s*\(|\bthis\.skip\s*\(",
        ),
        (&["go"], r"\b[tb]\.(?:Skip|SkipNow|Skipf)\s*\("),
        (
            &["java", "kt", "kts", "scala", "groovy"],
            r"@(?:Disabled|Ignore|DisabledIf\w*)\b|\bassume(?:True|False|That)\s*\(",
        ),
        (&["cs", "vb", "fs"], r#"\[\s*Ignore\b|\bSkip\s*=\s*""#),
        (&["rb"], r"^\s*(?:skip|pending|xit|xdescribe|xcontext|fit|fdescribe)\b"),
        (&["php"], r"\bmarkTest(?:Skipped|Incomplete)\b|->skip\s*\("),
        (&["swift"], r"\bXCTSkip|\.disabled\s*\("),
        (&["ex", "exs"], r"@(?:module)?tag\s+:?skip"),
        (&["c", "cc", "cpp", "cxx", "h", "hpp"], r"\bGTEST_SKIP\b|\bDISABLED_|\bQSKIP\b"),
    ];
    let known = all.into_iter().filter_map(|(ends, text)| Some((ends, Regex::new(text).ok()?)));
    known.collect()
});

/// What asserts something, in any of these languages.
static ASSERTS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)\bassert\w*!?\s*[(\s.{]|\bself\.assert\w+|\bexpect(?:_\w+)?!?\s*\(|\.should\b|\brequire\.\w+\s*\(|\bt\.(?:Error|Fatal)f?\s*\(|\bXCTAssert|\b(?:EXPECT|ASSERT)_\w+|\bpytest\.raises\b|\bmust_\w+",
    )
    .ok()
});

/// What has happened to tests so far.
#[derive(Default)]
pub struct Tests {
    /// Of each test file: asserts removed less those added.
    balance: BTreeMap<String, i64>,
}

impl Tests {
    pub fn see(&mut self, change: &Change, found: &mut Vec<Finding>) {
        let was = change.from.as_ref().unwrap_or(&change.path);
        if !is_source(&change.path) && !is_source(was) {
            return;
        }
        let emptied = change.new.is_some_and(|new| new.size == 0)
            || change.added.is_empty() && change.removed.len() > 3 && change.new.is_none();
        if is_test(was) && change.old.is_some() && (change.new.is_none() || emptied) {
            let why = if change.new.is_none() { "the test is gone" } else { "the test is empty" };
            found.push(finding(Kind::TestRemoved, (&change.path, None), "", why));
            return;
        }
        self.skips(change, found);
        if is_test(&change.path) || change.path.ends_with(".rs") {
            let is_assert = |text: &str| ASSERTS.as_ref().is_some_and(|known| known.is_match(text));
            let added = change.added.iter().filter(|(_, text)| is_assert(text)).count();
            let removed = change.removed.iter().filter(|text| is_assert(text)).count();
            let lost = i64::try_from(removed).unwrap_or(0) - i64::try_from(added).unwrap_or(0);
            self.balance.insert(change.path.clone(), lost);
        }
    }

    fn skips(&self, change: &Change, found: &mut Vec<Finding>) {
        let end = change.path.rsplit('.').next().unwrap_or_default().to_lowercase();
        let Some((_, known)) = SKIPS.iter().find(|(ends, _)| ends.contains(&end.as_str())) else {
            return;
        };
        let added: Vec<_> = change.added.iter().filter(|(_, text)| known.is_match(text)).collect();
        // As many as were there before are the same ones, moved or reworded.
        let before = change.removed.iter().filter(|text| known.is_match(text)).count();
        for (line, text) in added.into_iter().skip(before) {
            let why = "a test is skipped, or all but this one";
            found.push(finding(Kind::TestSkipped, (&change.path, Some(*line)), text, why));
        }
    }

    /// Asserts may move from one file to another: all of them are one sum.
    pub fn finish(self, found: &mut Vec<Finding>) {
        let lost: i64 = self.balance.values().sum();
        let Some((path, _)) = self.balance.iter().max_by_key(|(_, lost)| **lost) else { return };
        if lost > 0 {
            let why = match lost {
                1 => "the tests assert one thing less than before".to_owned(),
                _ => format!("the tests assert {lost} things less than before"),
            };
            found.push(finding(Kind::AssertsRemoved, (path, None), "", why));
        }
    }
}

/// By the conventions of the usual tools.
fn is_test(path: &str) -> bool {
    let path = path.to_lowercase();
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    let folders = ["test", "tests", "__tests__", "spec", "specs", "testing", "e2e", "it"];
    folder.split('/').any(|part| folders.contains(&part))
        || stem.starts_with("test_")
        || ["_test", "_tests", "_spec", "-test", "-spec"].iter().any(|end| stem.ends_with(end))
        || name.contains(".test.")
        || name.contains(".spec.")
        || ["tests", "test"].contains(&stem)
        || is_named_after_its_class(&path)
}

/// `FooTest.java`, `FooTests.cs`.
fn is_named_after_its_class(path: &str) -> bool {
    let (stem, end) = path.rsplit_once('.').unwrap_or((path, ""));
    let ends = ["java", "kt", "cs", "php", "swift", "scala", "groovy"];
    ends.contains(&end) && ["test", "tests", "spec"].iter().any(|word| stem.ends_with(word))
}

fn is_source(path: &str) -> bool {
    const ENDS: [&str; 41] = [
        "rs", "py", "js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue", "svelte", "go",
        "java", "kt", "kts", "scala", "groovy", "cs", "vb", "fs", "rb", "php", "swift", "ex",
        "exs", "c", "cc", "cpp", "cxx", "h", "hpp", "sh", "bats", "pl", "t", "lua", "dart", "hs",
        "clj", "zig",
    ];
    let end = path.rsplit('.').next().unwrap_or_default().to_lowercase();
    ENDS.contains(&end.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_are_known_in_their_language_alone() {
        let table = [
            ("src/a.rs", "    #[ignore = \"slow\"]", true),
            ("src/a.rs", "// ignored", false),
            ("a_test.go", "\tt.Skip(\"later\")", true),
            ("a.test.ts", "it.skip('x', () => {", true),
            ("a.test.ts", "test.only('x', () => {", true),
            ("a.test.ts", "xdescribe('x', () => {", true),
            ("a.ts", "list.skip(3)", false),
            ("a.ts", "benefit(3)", false),
            ("FooTest.java", "@Disabled(\"later\")", true),
            ("test_a.py", "@pytest.mark.xfail(reason='x')", true),
            ("test_a.py", "@unittest.skipIf(True, 'x')", true),
            ("test_a.py", "rows.skip(1)", false),
            ("a_spec.rb", "  xit 'works' do", true),
            ("notes.md", "@Disabled and it.skip( and #[ignore]", false),
        ];
        assert_eq!(SKIPS.len(), 11, "every pattern can be read");
        assert!(ASSERTS.is_some());
        for (path, line, expected) in table {
            let added = vec![(1, line.to_owned())];
            let change = Change { path: path.into(), added, ..Change::default() };
            let mut found = Vec::new();
            Tests::default().skips(&change, &mut found);
            assert_eq!(!found.is_empty(), expected, "{path}: {line}");
        }
    }

    #[test]
    fn tests_are_known_by_their_names() {
        for path in
            ["tests/a.rs", "a_test.go", "src/x.test.ts", "src/FooTest.java", "spec/a_spec.rb"]
        {
            assert!(is_test(path), "{path}");
        }
        for path in ["src/latest.ts", "src/contest.py", "attest.rs", "src/Protest.rs"] {
            assert!(!is_test(path), "{path}");
        }
    }
}
