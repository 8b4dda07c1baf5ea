use std::collections::BTreeSet;

use units::Duration;

use super::*;
use crate::legacy::fixture;

fn options(commands: bool) -> MqttOptions {
    MqttOptions {
        client_id: "stannary-1".to_owned(),
        user: None,
        password: None,
        topic: "stannary/stannary-1".to_owned(),
        discovery_prefix: Some("homeassistant".to_owned()),
        commands,
        interval: Duration::from_secs(10),
    }
}

fn configs(s: &Snapshot, commands: bool) -> Vec<Config> {
    Shape::of(s, "rig-7").configs(&options(commands))
}

fn parsed(config: &Config) -> Value {
    serde_json::from_slice(&config.payload).expect("JSON")
}

#[test]
fn every_entity_is_one_and_belongs_to_the_machine() {
    let all = configs(&fixture::snapshot(), true);
    assert!(all.len() > 20, "{}", all.len());
    let (mut topics, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for config in &all {
        assert!(
            topics.insert(config.topic.clone()),
            "{} twice",
            config.topic
        );
        assert!(
            super::super::is_mqtt_topic(&config.topic),
            "{}",
            config.topic
        );
        let value = parsed(config);
        let id = value["unique_id"].as_str().expect("an id").to_owned();
        assert!(id.starts_with("stannary-1_"), "{id}");
        assert!(ids.insert(id.clone()), "{id} twice");
        let place = format!("/stannary-1/{}/config", &id["stannary-1_".len()..]);
        assert!(config.topic.ends_with(&place), "{} {id}", config.topic);
        let device = &value["device"];
        assert_eq!(device["identifiers"][0], "stannary-1");
        assert_eq!(device["name"], "rig-7 (emulated)");
        assert_eq!(device["model"], "Antminer S19 Pro (emulated)");
        assert_eq!(device["sw_version"], "0.1.0");
        let reads = value["state_topic"].is_string() || value["command_topic"].is_string();
        assert!(reads, "{value}");
        assert_eq!(
            value["availability_topic"],
            "stannary/stannary-1/availability"
        );
    }
}

#[test]
fn a_real_machine_is_not_called_emulated() {
    let mut s = fixture::snapshot();
    s.machine.emulated = false;
    let device = parsed(&configs(&s, false)[0])["device"].clone();
    assert_eq!(
        (&device["name"], &device["model"]),
        (&json!("rig-7"), &json!("Antminer S19 Pro"))
    );
}

#[test]
fn orders_are_entities_where_they_are_heard_and_taken_away_where_not() {
    let s = fixture::snapshot();
    let of = |commands| {
        let all = configs(&s, commands).into_iter();
        let orders = all.filter(|c| {
            ["/switch/", "/button/", "/number/"]
                .iter()
                .any(|k| c.topic.contains(k))
        });
        orders.collect::<Vec<_>>()
    };
    let heard = of(true);
    assert_eq!(heard.len(), 3);
    let number = heard
        .iter()
        .find(|c| c.topic.contains("/number/"))
        .map(parsed)
        .expect("a number");
    let range = (
        &number["min"],
        &number["max"],
        &number["unit_of_measurement"],
    );
    assert_eq!(range, (&json!(310.0), &json!(3575.0), &json!("W")));
    assert_eq!(
        number["command_topic"],
        "stannary/stannary-1/set/power_ceiling"
    );
    let away = of(false);
    assert_eq!(away.len(), 3);
    assert!(away.iter().all(|c| c.payload.is_empty()));
    let topics = |all: &[Config]| all.iter().map(|c| c.topic.clone()).collect::<BTreeSet<_>>();
    assert_eq!(topics(&heard), topics(&away));
    // Without a ceiling to set there is no number, and one that was is taken away.
    let mut s = fixture::snapshot();
    s.settings = None;
    let number = configs(&s, true)
        .into_iter()
        .find(|c| c.topic.contains("/number/"));
    assert!(number.expect("told").payload.is_empty());
}

#[test]
fn text_of_boards_and_people_stays_within_its_quotes() {
    let mut s = fixture::snapshot();
    let hostile = "a' ) }}{% x %}\"\n\\ \u{2028}";
    s.temperatures[0].place = hostile.to_owned();
    s.machine.name = hostile.to_owned();
    let all = configs(&s, true);
    let config = all
        .iter()
        .find(|c| c.topic.contains("temperature_a_"))
        .expect("told");
    assert!(
        super::super::is_mqtt_topic(&config.topic),
        "{}",
        config.topic
    );
    let value = parsed(config);
    let template = value["value_template"].as_str().expect("a template");
    let literal = "'a\\U00000027 ) \\U0000007d\\U0000007d\\U0000007b\\U00000025 x \\U00000025\\U0000007d\\U00000022\\U0000000a\\U0000005c \\U00002028'";
    assert!(template.contains(literal), "{template}");
    assert_eq!(template.matches("{{").count(), 1);
    assert_eq!(value["device"]["model"], format!("{hostile} (emulated)"));
}

#[test]
fn what_is_many_is_bounded_and_what_is_the_same_is_one() {
    let mut s = fixture::snapshot();
    let reading = s.temperatures[0].clone();
    for i in 0..1000 {
        s.temperatures.push(telemetry::Temperature {
            place: format!("place {}", i % 500),
            ..reading.clone()
        });
        s.fans.push(s.fans[0].clone());
    }
    s.temperatures[1].place = "PLACE-1".to_owned();
    let shape = Shape::of(&s, "rig-7");
    assert_eq!((shape.places.len(), shape.fans), (EACH_MAX, EACH_MAX));
    let slugs: BTreeSet<_> = shape.places.iter().map(|place| slug(place)).collect();
    assert_eq!(slugs.len(), EACH_MAX);
}

#[test]
fn nothing_is_told_to_nobody() {
    let options = MqttOptions {
        discovery_prefix: None,
        ..options(true)
    };
    let shape = Shape::of(&fixture::snapshot(), "rig-7");
    assert!(shape.configs(&options).is_empty());
}
