use super::*;

const SUPPLY_ON: Order = Order::Supply { on: true };
const SUPPLY_OFF: Order = Order::Supply { on: false };
const ARM: Order = Order::Arm { lease: LEASE_MAX };
const LEASE: Order = Order::Lease { lease: LEASE_MAX };

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn says(keeper: &mut Keeper) -> Vec<Say> {
    std::iter::from_fn(|| keeper.next_say()).collect()
}

fn orders(keeper: &mut Keeper) -> Vec<Order> {
    let says = says(keeper).into_iter();
    let orders = says.filter_map(|say| match say {
        Say::Board(BoardOp::Order(order)) => Some(order),
        _ => None,
    });
    orders.collect()
}

fn armed() -> Keeper {
    let mut keeper = Keeper::new();
    keeper.start(at(0));
    assert_eq!(orders(&mut keeper), [ARM]);
    keeper.board(at(0), BoardEvent::Done(ARM));
    keeper
}

#[test]
fn a_lease_is_asked_for_every_half_second_and_no_oftener() {
    let mut keeper = armed();
    let mut asked = 0;
    for ms in 0..10_000 {
        keeper.wake(at(ms));
        asked += orders(&mut keeper).iter().filter(|o| **o == LEASE).count();
    }
    assert_eq!(asked, 19);
}

#[test]
fn the_line_waits_for_the_arming_and_for_the_supplys_rest() {
    let mut keeper = Keeper::new();
    keeper.start(at(0));
    keeper.want(at(1), true);
    assert_eq!(orders(&mut keeper), [ARM]);
    keeper.board(at(2), BoardEvent::Done(ARM));
    assert_eq!(orders(&mut keeper), [SUPPLY_ON]);
    let ready_at = at(30_000);
    let too_soon = BoardEvent::Refused(SUPPLY_ON, Refusal::TooSoon { ready_at });
    keeper.board(at(3), too_soon);
    assert_eq!(says(&mut keeper), [Say::Line(Line::Waits(ready_at))]);
    keeper.wake(at(29_999));
    assert_eq!(orders(&mut keeper), [LEASE]);
    assert_eq!(keeper.deadline(), ready_at);
    keeper.wake(ready_at);
    assert_eq!(orders(&mut keeper), [SUPPLY_ON]);
    keeper.board(ready_at, BoardEvent::Done(SUPPLY_ON));
    assert_eq!(says(&mut keeper), [Say::Line(Line::On)]);
    keeper.want(at(40_000), false);
    assert_eq!(orders(&mut keeper), [SUPPLY_OFF]);
}

#[test]
fn after_a_cut_nothing_is_armed_for_a_while_and_the_plant_knows() {
    let mut keeper = armed();
    keeper.want(at(1), true);
    keeper.board(at(1), BoardEvent::Done(SUPPLY_ON));
    says(&mut keeper);
    let why = Why::LeaseEnded {
        stalled: Some(Loop::Fans),
    };
    keeper.board(at(100), BoardEvent::Told(Told::Cut(why)));
    let text = "the lease ran out: Fans stood still".to_owned();
    let expected = [Say::Line(Line::Off(Some(text.clone()))), Say::AllCut(text)];
    assert_eq!(says(&mut keeper), expected);
    for ms in 100..5_100 {
        keeper.wake(at(ms));
    }
    assert_eq!(orders(&mut keeper), []);
    keeper.wake(at(5_700));
    assert_eq!(orders(&mut keeper), [ARM]);
}

#[test]
fn an_order_to_go_off_that_crosses_one_to_go_on_wins() {
    let mut keeper = armed();
    keeper.want(at(1), true);
    keeper.want(at(1), false);
    assert_eq!(orders(&mut keeper), [SUPPLY_ON, SUPPLY_OFF]);
    keeper.board(at(2), BoardEvent::Done(SUPPLY_ON));
    keeper.board(at(2), BoardEvent::Done(SUPPLY_OFF));
    assert_eq!(says(&mut keeper), [Say::Line(Line::Off(None))]);
}

#[test]
fn a_loop_that_stands_still_is_told_once() {
    let mut keeper = armed();
    for ms in [500, 1_000, 1_500] {
        let stalled = Refusal::Stalled(Loop::Fans);
        keeper.board(at(ms), BoardEvent::Refused(LEASE, stalled));
    }
    let told = says(&mut keeper);
    assert_eq!(told, [Say::Note(Code::Stalled, "loop=Fans".into())]);
}

#[test]
fn the_end_cuts_and_asks_for_nothing_more() {
    let mut keeper = armed();
    keeper.end();
    assert_eq!(orders(&mut keeper), [Order::Cut]);
    keeper.board(at(10), BoardEvent::Told(Told::Cut(Why::Ordered)));
    keeper.wake(at(60_000));
    assert_eq!(says(&mut keeper), []);
    assert_eq!(keeper.deadline(), Instant::NEVER);
}
