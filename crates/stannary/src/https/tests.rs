use std::fs;

use rcgen::{CertificateParams, KeyPair};

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("stannary-https-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join(FILE)
    }

    /// A pair that somebody else made.
    fn pair(&self, name: &str) -> Own {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("signed").pem();
        let own = Own {
            certificate: self.0.join("own.pem"),
            key: self.0.join("own.key"),
        };
        fs::write(&own.certificate, certificate).expect("written");
        fs::write(&own.key, key.serialize_pem()).expect("written");
        own
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A machine that listens there, and what it tells.
fn keeper(at: &str) -> (Keeper, Arc<Mutex<Vec<&'static str>>>) {
    let told: Arc<Mutex<Vec<_>>> = Arc::default();
    let tells = Arc::clone(&told);
    let keeper = Keeper {
        at: at.parse().expect("an address"),
        shelf: Shelf::default(),
        called: Box::new(|| vec!["rig".to_owned()]),
        tell: Box::new(move |code, _| tells.lock().expect("whole").push(code.text())),
    };
    (keeper, told)
}

/// What a machine that listens there has in this file, and the codes that it told.
fn first(at: &str, file: Option<&Path>) -> (Made, Vec<&'static str>) {
    let (keeper, told) = keeper(at);
    let made = keeper.first(file).expect("made");
    let told = told.lock().expect("whole").clone();
    (made, told)
}

#[test]
fn the_certificate_is_made_once_and_names_where_it_listens() {
    let folder = Folder::new("once");
    let (made, told) = first("127.0.0.1", Some(&folder.file()));
    assert_eq!(made.names, ["rig", "127.0.0.1", "localhost"]);
    let (again, told_again) = first("127.0.0.1", Some(&folder.file()));
    assert_eq!(made.certificate, again.certificate);
    assert_eq!((told.len(), told_again.len()), (0, 0));
    // Without a file each is another.
    let (other, _) = first("127.0.0.1", None);
    assert_ne!(made.key.serialized_der(), other.key.serialized_der());
}

#[test]
fn at_another_place_the_key_stays_and_the_old_names_too() {
    let folder = Folder::new("renewed");
    let (before, _) = first("127.0.0.1", Some(&folder.file()));
    let (after, _) = first("127.0.0.2", Some(&folder.file()));
    assert_eq!(before.key.serialized_der(), after.key.serialized_der());
    assert_eq!(after.names, ["rig", "127.0.0.2", "localhost", "127.0.0.1"]);
    let ids = [before, after].map(|made| identity_of(&made).expect("sound"));
    assert_eq!(ids[0].key, ids[1].key);
    assert_ne!(ids[0].certificate, ids[1].certificate);
}

#[test]
fn a_damaged_file_is_put_aside_and_the_key_kept_where_it_is_whole() {
    let folder = Folder::new("damaged");
    let file = folder.file();
    let (before, _) = first("127.0.0.1", Some(&file));
    let text = fs::read_to_string(&file).expect("text");
    let check = |damaged: &str, same_key: bool| {
        fs::write(&file, damaged).expect("written");
        let (made, told) = first("127.0.0.1", Some(&file));
        let same = made.key.serialized_der() == before.key.serialized_der();
        assert_eq!(same, same_key, "{damaged}");
        assert_eq!(told, ["E-HTTPS-FILE"], "{damaged}");
        let aside = fs::read_to_string(crate::replace::beside(&file, "damaged"));
        assert_eq!(aside.expect("kept"), damaged);
        let kept = fs::read_to_string(&file).expect("made anew");
        assert!(matches!(Made::read(&kept), Read::Whole(_)));
    };
    check("", false);
    check(&text[..text.len() / 3], false);
    check(&text[..text.len() - 60], true);
    // A certificate of another key.
    let other = Made::new(vec!["x".to_owned()]).expect("made").text();
    let at = "-----BEGIN CERT";
    let (ours, theirs) = (
        text.find(at).expect("there"),
        other.find(at).expect("there"),
    );
    check(&format!("{}{}", &text[..ours], &other[theirs..]), true);
}

#[test]
fn a_file_that_cannot_be_written_is_told_and_harms_nothing() {
    let (_, told) = first("127.0.0.1", Some(Path::new("/proc/nowhere/https.pem")));
    assert_eq!(told, ["E-HTTPS-WRITE"]);
}

#[test]
fn a_pair_of_the_owners_is_taken_if_it_fits() {
    let folder = Folder::new("own");
    let own = folder.pair("rig.example");
    let first = given(&own).expect("sound");
    assert!(first.own && first.names.is_empty());
    let key = fs::read_to_string(&own.key).expect("text");
    let again = folder.pair("rig.example");
    assert_ne!(given(&again).expect("sound").key, first.key);
    fs::write(&own.key, key).expect("written");
    let why = given(&own).err().expect("of another");
    assert!(why.contains("do not fit"), "{why}");
    fs::write(&own.key, "").expect("written");
    assert!(given(&own).err().expect("no key").contains("own.key"));
    fs::remove_file(&own.certificate).expect("removed");
    assert!(check(&own).is_err());
}

#[test]
fn names_are_bounded_and_those_of_now_come_first() {
    let list = |prefix: &str, n| (0..n).map(|i| format!("{prefix}{i}")).collect::<Vec<_>>();
    let all = joined(list("now", 10), &list("before", 10));
    assert_eq!(all.len(), NAMES_MAX);
    assert_eq!((all[0].as_str(), all[15].as_str()), ("now0", "before5"));
    assert_eq!(joined(list("a", 3), &list("a", 3)).len(), 3);
    // As many as there are places: nothing is renewed for the rest.
    let wanted = joined(list("now", 40), &[]);
    assert_eq!(joined(wanted.clone(), &list("before", 3)), wanted);
}
