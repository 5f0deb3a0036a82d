use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::core::overview::tests::{CLEAR, Desk, HIGH, id};
use crate::render::ink::Signs;
use crate::render::text::width;

fn facts() -> Facts {
    let tasks = [("oauth", HIGH), ("songs", HIGH), ("night", CLEAR), ("hello", HIGH)];
    let events = "09:00 hello started\n09:05 hello succeeded\n\
                  16:10 songs started\n16:11 songs blocked which\u{1b}[2J key?\n\
                  17:10 oauth started";
    let desk = Desk::new(&tasks, events, "17:42");
    let view = desk.view(&[("oauth", 40, "Token \u{65e5}\u{672c}\u{202e}", "17:41")]);
    let changed = Changed { files: 3, added: 10, removed: 2 };
    Facts { view, changes: [(id("hello"), changed)].into() }
}

fn model(size: (u16, u16)) -> Model {
    let mut model = Model::new(Signs::Unicode, size);
    model.learn(facts());
    model
}

fn shown(model: &Model, (columns, rows): (u16, u16)) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw(model, true, frame)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let lines = buffer.content.chunks(columns.into()).map(|row| {
        // What stands behind a wide letter is no letter of its own.
        let mut line = String::new();
        let mut behind = 0;
        for cell in row {
            if behind == 0 {
                line.push_str(cell.symbol());
                behind = width(cell.symbol()).max(1);
            }
            behind -= 1;
        }
        line.trim_end().to_owned() + "\n"
    });
    lines.collect()
}

fn press(model: &mut Model, keys: &str) -> Vec<Wish> {
    let code = |c| match c {
        '\n' => KeyCode::Enter,
        '^' => KeyCode::Up,
        'v' => KeyCode::Down,
        '<' => KeyCode::Backspace,
        '!' => KeyCode::Esc,
        c => KeyCode::Char(c),
    };
    let key = |c| KeyEvent::new(code(c), KeyModifiers::NONE);
    keys.chars().filter_map(|c| model.press(key(c))).collect()
}

fn line(words: &[&str]) -> Vec<Wish> {
    vec![Wish::Verb(words.iter().map(|word| (*word).to_owned()).collect())]
}

#[test]
fn everything_stands_on_one_screen() {
    let size = (100, 18);
    let mut model = model(size);
    press(&mut model, "v");
    let asked = model.asks().unwrap();
    assert_eq!((asked.task.as_str(), asked.topic), ("oauth", Topic::Output));
    model.tell(&asked, "compiling\n\u{1b}[31mdone\u{7}");
    let expected = "\
1 building (oauth, 40%), 1 queued, 1 waits for your review; songs asks: which\u{fffd}[2J key?
Needs you                                    │ compiling
 ? songs  asks: which\u{fffd}[2J key? (1h 31m ago)  │ \u{fffd}[31mdone\u{fffd}
                                             │
Building                                     │
 ▸ oauth  ████████░░░░░░░░░░░░  40% \"Token ~ │
                                             │
Review                                       │
 ✓ hello  3 files, +10 -2 · 1 of 1 criterion~│
                                             │
Queue                                        │
 ○ night  1. medium · opens 22:00; after `oa~│
                                             │
                                             │
                                             │
                                             │
                                             │
? help  q quit  o output  c cancel  Enter whole page
";
    assert_eq!(shown(&model, size), expected);
}

#[test]
fn twenty_columns_and_few_rows_are_enough() {
    let size = (20, 10);
    let mut model = model(size);
    let expected = "\
1 building (oauth, ~
Needs you
 ? songs
   asks: which\u{fffd}[2J ~

Building
 ▸ oauth
   ████▊░░░░░░░  40%

? help  q quit  n a~
";
    assert_eq!(shown(&model, size), expected);
    // There is no room beside the list: the page stands instead of it, and Esc goes back.
    press(&mut model, "vo");
    let asked = model.asks().unwrap();
    model.tell(&asked, "one two three four five six\nlast");
    let page = shown(&model, size);
    assert!(page.contains("\none two three four\nfive six\nlast\n"), "{page}");
    press(&mut model, "!");
    assert!(shown(&model, size).contains("Building"));
}

#[test]
fn no_size_is_too_small_and_nothing_that_a_terminal_obeys_is_drawn() {
    for columns in [1, 2, 5, 8, 19, 20, 39, 40, 41, 89, 90, 91, 200] {
        for rows in [1, 2, 3, 4, 15, 16, 17, 60] {
            let size = (columns, rows);
            let mut model = model(size);
            for keys in ["", "v", "\n", "\n?", "!", "r", "!", "a", "nvvv", "vvvv", "G", "g", " "] {
                press(&mut model, keys);
                if let Some(asked) = model.asks() {
                    model.tell(&asked, "\u{1b}]0;x\u{7}\u{9b}31m \u{65e5}\u{672c}\n\t\u{202e}x");
                }
                let page = shown(&model, size);
                let tame = crate::render::text::safe_page(&page);
                assert_eq!(page, tame, "{size:?} after `{keys}`");
            }
        }
    }
}

#[test]
fn every_key_is_the_command_of_its_name() {
    let size = (100, 30);
    // `v` steps down. Needs you: songs; Building: oauth; Review: hello; Queue: night.
    for (keys, wishes) in [
        ("R", line(&["retry", "songs"])),
        ("vvt", vec![Wish::Try("hello".into())]),
        ("nUse the\n", line(&["answer", "songs", "--", "Use the"])),
        ("n--flag<<\n", line(&["answer", "songs", "--", "--fl"])),
        ("n  \n", vec![]),
        ("nwords!", vec![]),
        ("vcy", line(&["cancel", "oauth"])),
        ("vcn", vec![]),
        ("vc\n", vec![]),
        ("vvay", line(&["accept", "hello"])),
        ("vvr-m \u{fc}\n", line(&["reject", "hello", "--message=-m \u{fc}"])),
        ("vvvs", line(&["spawn", "night"])),
        ("vvvpy", line(&["approve", "night"])),
        ("vvvvvvpy", line(&["approve", "night"])),
        ("vv^cy", line(&["cancel", "oauth"])),
        ("Gpy", line(&["approve", "night"])),
        ("?ay", vec![]),
        ("q", vec![Wish::Quit]),
        ("!", vec![]),
        ("zZ", vec![]),
    ] {
        assert_eq!(press(&mut model(size), keys), wishes, "{keys}");
    }
    let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let mut asking = model(size);
    press(&mut asking, "nhalf a word");
    assert_eq!(asking.press(control), Some(Wish::Quit));
}

#[test]
fn one_command_at_a_time_and_its_answer_stands_until_another_entry_is_chosen() {
    let size = (100, 30);
    let mut model = model(size);
    model.begin(&["retry".into(), "songs".into()]);
    assert!(shown(&model, size).contains("buildq retry songs …"));
    assert_eq!(press(&mut model, "R"), vec![]);
    model.end("error: no\u{1b}[2J\nhint: do\n");
    let page = shown(&model, size);
    assert!(
        page.contains("$ buildq retry songs") && page.contains("error: no\u{fffd}[2J"),
        "{page}"
    );
    press(&mut model, "v");
    assert!(!shown(&model, size).contains("error: no"));
    assert_eq!(press(&mut model, "vR"), line(&["retry", "hello"]));
}

#[test]
fn what_is_chosen_stays_chosen_wherever_it_goes() {
    let size = (100, 30);
    let mut model = model(size);
    press(&mut model, "v");
    assert_eq!(model.asks().unwrap().task, id("oauth"));
    let mut later = facts();
    later.view.needs_you.clear();
    model.learn(later.clone());
    assert_eq!(model.asks().unwrap().task, id("oauth"));
    later.view.running.clear();
    model.learn(later.clone());
    assert!(model.asks().is_some());
    later.view = Desk::new(&[], "", "12:00").view(&[]);
    model.learn(later);
    assert_eq!(model.asks(), None);
    assert!(shown(&model, size).contains("nothing is queued"));
}

#[test]
fn output_is_followed_until_one_scrolls_back() {
    let size = (100, 12);
    let mut model = model(size);
    press(&mut model, "v\n");
    let asked = model.asks().unwrap();
    let lines = |count: usize| (0..count).map(|n| format!("line {n}\n")).collect::<String>();
    model.tell(&asked, &lines(50));
    assert!(shown(&model, size).contains("line 49\n"));
    model.tell(&asked, &lines(60));
    assert!(shown(&model, size).contains("line 59\n"));
    press(&mut model, "^");
    model.tell(&asked, &lines(80));
    let page = shown(&model, size);
    assert!(page.contains("line 58\n") && !page.contains("line 59\n"), "{page}");
    press(&mut model, "f");
    assert!(shown(&model, size).contains("line 79\n"));
    press(&mut model, "g");
    assert!(shown(&model, size).contains("line 0\n"));
}

#[test]
fn an_answer_that_comes_too_late_and_pasted_keys_change_nothing() {
    let size = (100, 30);
    let mut model = model(size);
    let asked = model.asks().unwrap();
    press(&mut model, "v");
    model.tell(&asked, "about songs");
    assert!(!shown(&model, size).contains("about songs"));
    model.paste("ay\nq");
    assert_eq!(model.mode, model::Mode::Keys);
    press(&mut model, "^n");
    model.paste("two\nlines");
    assert_eq!(press(&mut model, "\n"), line(&["answer", "songs", "--", "two lines"]));
}
