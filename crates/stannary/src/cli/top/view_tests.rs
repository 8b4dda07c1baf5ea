use super::*;

const SIZE: Size = Size {
    columns: 80,
    rows: 24,
};

fn view() -> View {
    View::new(json!({ "state": "hashing" }), Marks::Braille)
}

fn foot(view: &mut View) -> String {
    let lines = view.lines(SIZE);
    assert_eq!(lines.len(), SIZE.rows);
    lines[SIZE.rows - 1].render(SIZE.columns, Colour::Never)
}

#[test]
fn nothing_is_ordered_without_a_yes() {
    let pause = json!({ "command": "pause" });
    let mut view = view();
    for no in [Key::Char('n'), Key::Escape, Key::Char('p'), Key::Up] {
        assert_eq!(view.typed(Key::Char('p'), SIZE), Wish::Nothing);
        assert!(foot(&mut view).starts_with("stop hashing?"));
        assert_eq!(view.typed(no, SIZE), Wish::Nothing, "{no:?}");
        assert_eq!(view.asked, None);
    }
    view.typed(Key::Char('p'), SIZE);
    assert_eq!(view.typed(Key::Char('y'), SIZE), Wish::Order(pause));
    for (state, command) in [
        ("paused", "resume"),
        ("sleeping", "wake"),
        ("fault", "pause"),
    ] {
        view.take(News::Status(json!({ "state": state })));
        view.typed(Key::Char('p'), SIZE);
        let order = json!({ "command": command });
        assert_eq!(
            view.typed(Key::Char('y'), SIZE),
            Wish::Order(order),
            "{state}"
        );
    }
}

#[test]
fn a_daemon_that_is_gone_is_said_and_comes_back() {
    let mut view = view();
    assert_eq!(view.ended(), Ended::Quit);
    view.take(News::Nothing(
        "the daemon\u{1b}[2J does not answer\nhint: x".into(),
    ));
    let shown = foot(&mut view);
    assert_eq!(shown, "no answer for 0 s: the daemon[2J does not answer");
    assert_eq!(view.ended(), Ended::DaemonGone);
    view.take(News::Status(json!({})));
    assert_eq!(view.ended(), Ended::Quit);
    view.take(News::Taken(Err("E-API-BUSY: no\nhint: again".into())));
    assert_eq!(foot(&mut view), "E-API-BUSY: no; hint: again");
}

#[test]
fn screens_turn_in_a_ring_and_scrolling_stops_at_the_ends() {
    let mut view = view();
    let mut turned = Vec::new();
    for key in [
        Key::Right,
        Key::Right,
        Key::Right,
        Key::Right,
        Key::Left,
        Key::Char('2'),
    ] {
        view.typed(key, SIZE);
        turned.push(view.screen);
    }
    use Screen::{Chips, Log, Overview, Pools};
    assert_eq!(turned, [Chips, Pools, Log, Overview, Log, Chips]);
    let notes: Vec<_> = (0..100)
        .map(|i| json!({ "at_s": i, "meaning": "x" }))
        .collect();
    view.take(News::Log(json!({ "notes": notes })));
    view.typed(Key::Char('4'), SIZE);
    view.typed(Key::Up, SIZE);
    assert_eq!(view.scrolled, 0);
    for _ in 0..50 {
        view.typed(Key::PageDown, SIZE);
        view.lines(SIZE);
    }
    assert_eq!(view.scrolled, 100 - 21);
}

#[test]
fn any_size_is_filled_and_never_left() {
    let mut view = view();
    for columns in [0, 1, 2, 10, 40, 80, 500] {
        for rows in [1, 2, 3, 24, 200] {
            for screen in Screen::ALL {
                view.turn_to(screen);
                let lines = view.lines(Size { columns, rows });
                assert!(
                    lines.len() <= rows.max(2),
                    "{columns}x{rows}: {}",
                    lines.len()
                );
            }
        }
    }
}
