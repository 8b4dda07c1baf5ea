use super::*;

const NOW: u64 = 1_000_000;
const TARGET: &str = "/cgi-bin/stats.cgi";

fn who() -> Credential {
    Credential::new("root", "secret word")
}

/// What a client sends for this challenge.
struct Client {
    nonce: String,
    password: String,
    realm: String,
}

impl Client {
    fn of(challenge: &str) -> Self {
        let fields = fields(challenge.strip_prefix("Digest ").expect("digest")).expect("fields");
        let of = |name: &str| {
            let known = fields.iter().find(|(known, _)| known == name);
            known.expect("there").1.clone()
        };
        assert_eq!((of("realm").as_str(), of("qop").as_str()), (REALM, "auth"));
        Client {
            nonce: of("nonce"),
            password: "secret word".into(),
            realm: REALM.into(),
        }
    }

    fn header(&self, method: &str, uri: &str, count: u32) -> String {
        let secret = md5(&format!("root:{}:{}", self.realm, self.password));
        let asked = md5(&format!("{method}:{uri}"));
        let response = md5(&format!(
            "{secret}:{}:{count:08x}:abc:auth:{asked}",
            self.nonce
        ));
        format!(
            "Digest username=\"root\", realm=\"{}\", nonce=\"{}\", uri=\"{uri}\", algorithm=MD5, \
             response=\"{response}\", qop=auth, nc={count:08x}, cnonce=\"abc\"",
            self.realm, self.nonce
        )
    }
}

fn admits(nonces: &mut Nonces, now: u64, header: &str) -> bool {
    let attempt = Attempt {
        method: "GET",
        target: TARGET,
        header,
    };
    nonces.admits(now, &who(), &attempt)
}

#[test]
fn the_hash_is_that_of_the_standard() {
    // RFC 2617, section 3.5, with its realm put into the place of ours.
    let secret = md5("Mufasa:testrealm@host.com:Circle Of Life");
    let asked = md5("GET:/dir/index.html");
    let nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
    let response = md5(&format!("{secret}:{nonce}:00000001:0a4f113b:auth:{asked}"));
    assert_eq!(response, "6629fae49393a05397450978507c4ef1");
}

#[test]
fn the_right_answer_is_taken_and_each_wrong_one_is_not() {
    let mut nonces = Nonces::new([7; 32]);
    let client = Client::of(&nonces.challenge(NOW));
    let right = client.header("GET", TARGET, 1);
    let wrong = |client: &Client| client.header("GET", TARGET, 1);
    let mut check = |header: &str| assert!(!admits(&mut nonces, NOW, header), "{header}");
    check(&wrong(&Client {
        password: "secret wort".into(),
        ..Client::of(&format!(
            "Digest realm=\"{REALM}\", nonce=\"{}\", qop=\"auth\"",
            client.nonce
        ))
    }));
    check(&client.header("POST", TARGET, 1));
    check(&client.header("GET", "/cgi-bin/pools.cgi", 1));
    check(&right.replace("root\"", "toor\""));
    check(&right.replace("qop=auth", "qop=auth-int"));
    check(&right.replace("algorithm=MD5", "algorithm=SHA-256"));
    check(&right.replace("nc=00000001", "nc=1"));
    check(&right.replace("nc=00000001", "nc=zzzzzzzz"));
    check(&right.replace(&client.nonce, &"0".repeat(64)));
    check(&right.replacen("Digest", "Basic", 1));
    check(&right[..right.len() - 1]);
    check("Digest");
    check("");
    check(&format!("{right}, x=\"{}\"", "y".repeat(4000)));
    assert!(admits(&mut nonces, NOW, &right));
}

#[test]
fn no_answer_is_taken_twice_and_counts_may_overtake_each_other() {
    let mut nonces = Nonces::new([7; 32]);
    let client = Client::of(&nonces.challenge(NOW));
    let mut check = |count: u32, expected: bool| {
        let header = client.header("GET", TARGET, count);
        assert_eq!(admits(&mut nonces, NOW, &header), expected, "{count}");
    };
    check(1, true);
    check(1, false);
    check(4, true);
    check(3, true);
    check(3, false);
    check(2, true);
    check(4, false);
    check(200, true);
    check(5, false);
    check(137, true);
    check(136, false);
    check(u32::MAX, true);
    check(u32::MAX, false);
}

#[test]
fn a_nonce_ends_and_one_of_another_start_was_never_ours() {
    let mut nonces = Nonces::new([7; 32]);
    let client = Client::of(&nonces.challenge(NOW));
    let header = client.header("GET", TARGET, 1);
    assert!(!admits(&mut nonces, NOW - 1, &header), "from the future");
    assert!(!admits(&mut nonces, NOW + LIFETIME_MS, &header));
    assert!(!admits(&mut Nonces::new([8; 32]), NOW, &header));
    assert!(admits(&mut nonces, NOW + LIFETIME_MS - 1, &header));
}

#[test]
fn challenges_cost_nothing_and_what_was_forgotten_is_not_taken_again() {
    let mut nonces = Nonces::new([7; 32]);
    let first = Client::of(&nonces.challenge(NOW));
    let early = Client::of(&nonces.challenge(NOW));
    assert!(admits(&mut nonces, NOW, &first.header("GET", TARGET, 1)));
    for _ in 0..1000 {
        nonces.challenge(NOW);
    }
    assert_eq!(nonces.used.len(), 1);
    for _ in 0..REMEMBERED {
        let client = Client::of(&nonces.challenge(NOW));
        assert!(admits(&mut nonces, NOW, &client.header("GET", TARGET, 1)));
    }
    assert_eq!(nonces.used.len(), REMEMBERED);
    assert!(!admits(&mut nonces, NOW, &first.header("GET", TARGET, 1)));
    assert!(!admits(&mut nonces, NOW, &first.header("GET", TARGET, 2)));
    // It was never answered, but it is older than all for which there is room.
    assert!(!admits(&mut nonces, NOW, &early.header("GET", TARGET, 1)));
    let late = Client::of(&nonces.challenge(NOW));
    assert!(admits(&mut nonces, NOW, &late.header("GET", TARGET, 1)));
}

#[test]
fn random_headers_are_refused() {
    let mut nonces = Nonces::new([7; 32]);
    let mut state = 9_u64;
    for length in 0..300_usize {
        let text: String = (0..length)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                char::from(b" ,=\"\\abcnouriq0Z"[(state >> 60) as usize])
            })
            .collect();
        assert!(!admits(&mut nonces, NOW, &format!("Digest {text}")));
    }
}
