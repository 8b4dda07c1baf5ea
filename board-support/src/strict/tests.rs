use super::*;

/// Read `text` with a small schema that uses every getter, and compare the faults with
/// `expected`: `line key: message | remedy`, where an empty remedy is not compared.
fn check(text: &str, expected: &[&str]) {
    let found = match read(Source { file: "t", text }, schema) {
        Ok(()) => Vec::new(),
        Err(problems) => problems.iter().cloned().collect(),
    };
    let shown: Vec<_> = found
        .iter()
        .map(|p| format!("{} {}: {}", p.line, p.key, p.message))
        .collect();
    assert_eq!(shown, expected, "in:\n{text}");
    for problem in &found {
        assert!(!problem.remedy.is_empty(), "{problem}");
    }
}

fn schema(s: &mut Section<'_>) -> Option<()> {
    let name = s.text("name", 10);
    let count = s.integer("count", 1..=300);
    let ratio = if s.has("ratio") {
        s.number("ratio", 0.5..=2.0)
    } else {
        Some(1.0)
    };
    let kind = if s.has("kind") {
        s.choice("kind", &[("red", 1), ("blue", 2)])
    } else {
        Some(1)
    };
    let sure = match s.has("sure") {
        true => s.boolean("sure"),
        false => Some(false),
    };
    let inner = if s.has("inner") {
        s.section("inner")
            .and_then(|mut i| i.text_or_empty("word", 3))
    } else {
        Some(String::new())
    };
    let mut items = Vec::new();
    if s.has("item") {
        for mut item in s.sections("item", 2)? {
            items.push(item.integer("n", 0..=9));
        }
    }
    let all = (name?, count?, ratio?, kind?, sure?, inner?);
    let items: Option<Vec<_>> = items.into_iter().collect();
    items.map(|_| drop(all))
}

#[test]
fn a_good_file_has_no_faults() {
    check("name = \"a\"\ncount = 3\n", &[]);
    check(
        "name = 'a'\ncount = 0x10\nratio = 2\nkind = \"blue\"\n[inner]\nword = \"\"\n[[item]]\nn = 0\n[[item]]\nn = 9\n",
        &[],
    );
}

#[test]
fn every_fault_is_found_in_one_pass() {
    check(
        "nmae = \"a\"\ncount = \"x\"\nratio = nan\nkind = \"green\"\n[inner]\nword = 1\nextra = 2\n[[item]]\nn = 10\n[[item]]\n",
        &[
            "1 name: missing",
            "1 nmae: unknown key",
            "2 count: must be a whole number from 1 to 300, not string",
            "3 ratio: must be a number from 0.5 to 2, not nan",
            "4 kind: must be one of \"red\", \"blue\", not green",
            "6 inner.word: must be a text of 0 to 3 bytes in quotes, not integer",
            "7 inner.extra: unknown key",
            "9 item[0].n: must be a whole number from 0 to 9, not 10",
            "10 item[1].n: missing",
        ],
    );
}

#[test]
fn numbers_at_and_beyond_their_bounds() {
    let with = |v: &str| format!("name = \"a\"\ncount = {v}\n");
    check(&with("1"), &[]);
    check(&with("300"), &[]);
    for bad in [
        "0",
        "301",
        "-1",
        "99999999999999999999999999999999999999999",
    ] {
        let fault = format!("2 count: must be a whole number from 1 to 300, not {bad}");
        check(&with(bad), &[&fault]);
    }
    check(
        &with("1.0"),
        &["2 count: must be a whole number from 1 to 300, not float"],
    );
}

#[test]
fn yes_and_no_are_words_without_quotes() {
    let with = |v: &str| format!("name = \"a\"\ncount = 1\nsure = {v}\n");
    check(&with("true"), &[]);
    check(&with("false"), &[]);
    for (bad, kind) in [("\"true\"", "string"), ("1", "integer")] {
        let fault = format!("3 sure: must be `true` or `false`, not {kind}");
        check(&with(bad), &[&fault]);
    }
}

#[test]
fn texts_are_bounded_and_printable_and_never_quoted() {
    for bad in ["\"\"", "\"12345678901\"", "\"a\\u0007\""] {
        check(
            &format!("name = {bad}\ncount = 1\n"),
            &["1 name: must be 1 to 10 bytes of printable text"],
        );
    }
}

#[test]
fn tables_and_values_do_not_stand_in_for_each_other() {
    check(
        "name = \"a\"\ncount = 1\ninner = 3\n",
        &["3 inner: must be a table, `[inner]`, not integer"],
    );
    check(
        "name = \"a\"\ncount = 1\nitem = [1]\n",
        &["3 item: must be a list of tables, `[[item]]`, not array"],
    );
    check(
        "name = \"a\"\ncount = 1\n[[item]]\nn=1\n[[item]]\nn=1\n[[item]]\nn=1\n",
        &["3 item: has more than 2 entries"],
    );
}

#[test]
fn broken_toml_is_reported_alone() {
    let text = "name = \"a\ncount = = 2\n";
    let problems = read(Source { file: "t", text }, schema).expect_err("broken");
    assert!(problems.iter().all(|p| p.kind == Kind::Syntax));
    assert_eq!(problems.iter().next().map(|p| p.line), Some(1));
}

#[test]
fn a_slip_of_the_pen_gets_a_suggestion() {
    let text = "name = \"a\"\ncount = 1\nratoi = 1\nzebra = 2\n";
    let problems = read(Source { file: "t", text }, schema).expect_err("unknown");
    let remedies: Vec<_> = problems.iter().map(|p| p.remedy.as_str()).collect();
    assert_eq!(remedies[0], "did you mean `ratio`?");
    assert!(remedies[1].starts_with("remove it; this table takes"));
}

#[test]
fn faults_are_bounded_however_many_there_are() {
    let mut text = String::from("name = \"a\"\ncount = 1\n");
    for i in 0..5000 {
        text.push_str(&format!("unknown_{i} = 1\n"));
    }
    let problems = read(
        Source {
            file: "t",
            text: &text,
        },
        schema,
    )
    .expect_err("unknown");
    assert_eq!(problems.iter().count(), Problems::MAX);
}

#[test]
fn a_layer_wins_key_by_key_and_faults_name_their_own_file() {
    let own = "count = 7\n[inner]\n";
    let base = "name = \"base\"\ncount = 999\n[inner]\nword = \"long\"\n";
    let sources = [
        Source {
            file: "own",
            text: own,
        },
        Source {
            file: "base",
            text: base,
        },
    ];
    let problems = read_layered(&sources, schema).expect_err("word is too long");
    let shown: Vec<_> = problems
        .iter()
        .map(|p| (p.file.as_str(), p.line, p.key.as_str()))
        .collect();
    assert_eq!(shown, [("base", 4, "inner.word")]);
}
