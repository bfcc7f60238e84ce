//! What `verify` says of signed SPKs that somebody changed afterwards, and of certificates that end soon.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::gpg::Gpg;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

/// How many bytes are flipped, one in each of as many copies.
const SAMPLES: u64 = 150;

/// Returns the bytes of an SPK that is signed by the key that `by` names, with its certificate in `tess.asc`.
fn signed(sandbox: &Sandbox, by: &str) -> Vec<u8> {
    let spk = Spk::new("demo", "1.0-1").os_min("6.0-7321");
    sandbox.spk("demo.spk", &spk.member("conf/resource", "{}"));
    sandbox.run("add ../demo.spk").success();
    sandbox.run(&format!("sign demo {by}")).success();
    let text = sandbox.read("packages/demo/1.0-1/dsm6.0-7321-noarch.toml");
    let oid = text.split("sha256 = \"").nth(1).expect("a digest");
    sandbox.blob(&oid[..64])
}

/// Returns places in `length` bytes: random ones, and all of what is around the signature's own header.
fn places(seed: u64, length: usize, header: usize) -> Vec<usize> {
    let mut state = seed | 1;
    let random = (0..SAMPLES).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % length as u64).expect("within the SPK")
    });
    let mut places: Vec<usize> = random.collect();
    places.extend((header..header + 1024).step_by(17));
    places.push(length - 1);
    places
}

#[test]
fn a_flipped_bit_anywhere_is_found_whoever_signed() {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = seed.expect("after 1970").subsec_nanos().into();
    for by in ["--key ../tess.key", "--gpg"] {
        let sandbox = Sandbox::initialized();
        let gpg = Gpg::new(&sandbox);
        gpg.key("tess", "ed25519", "", "");
        gpg.export("tess", "");
        let spk = signed(&sandbox, by);
        let name = b"syno_signature.asc";
        let header = spk.windows(name.len()).position(|window| window == name);
        let mut line = "verify --json --keyring ../tess.asc".to_owned();
        let places = places(seed, spk.len(), header.expect("the member is there"));
        for (number, at) in places.iter().enumerate() {
            let mut flipped = spk.clone();
            flipped[*at] ^= 1 << (at % 8);
            fs_err::write(sandbox.path(&format!("{number}.spk")), flipped).expect("a new file");
            line.push_str(&format!(" ../{number}.spk"));
        }
        let report = sandbox.run(&line).failure(1).json();
        let checked = report["checked"].as_array().expect("a list");
        assert_eq!(checked.len(), places.len());
        for (item, at) in checked.iter().zip(&places) {
            let problems = item["problems"].as_array().expect("a list");
            let place = format!("seed {seed}, {by}, byte {at}: {item}");
            assert!(!problems.is_empty(), "{place}");
            assert_ne!(item["signature"]["state"], "good", "{place}");
        }
        fs_err::write(sandbox.path("whole.spk"), spk).expect("a new file");
        sandbox
            .run("verify ../whole.spk --keyring ../tess.asc")
            .success();
    }
}

#[test]
fn a_member_that_was_added_taken_away_or_renamed_is_found() {
    for by in ["--key ../tess.key", "--gpg"] {
        let sandbox = Sandbox::initialized();
        let gpg = Gpg::new(&sandbox);
        gpg.key("tess", "ed25519", "", "");
        gpg.export("tess", "");
        let spk = signed(&sandbox, by);
        fs_err::write(sandbox.path("signed.spk"), spk).expect("a new file");
        for change in [
            "printf x > zzz; tar -rf changed.spk zzz",
            ": > zzz; tar -rf changed.spk zzz",
            "mkdir -p folder; tar -rf changed.spk folder",
            "ln -sf INFO link; tar -rf changed.spk link",
            "tar --delete -f changed.spk conf/resource",
            "mkdir -p all; tar -xf changed.spk -C all; mv all/conf/resource all/conf/resourcf; tar -cf changed.spk -C all .",
            "mkdir -p same; tar -xf changed.spk -C same; tar -cf changed.spk -C same .",
            "printf x >> changed.spk",
        ] {
            gpg.shell(&format!("cp signed.spk changed.spk; {change}"));
            sandbox
                .run("verify ../changed.spk --keyring ../tess.asc")
                .failure(1)
                .stdout_has("../changed.spk: bad signature");
        }
    }
}

#[test]
fn verify_all_warns_of_a_certificate_that_ends_within_thirty_days() {
    let sandbox = Sandbox::initialized();
    let gpg = Gpg::new(&sandbox);
    let fingerprint = gpg.key("tess", "ed25519", "", "");
    for (days, is_warned) in [(40, false), (20, true)] {
        gpg.shell(&format!(
            "gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-set-expire {fingerprint} {days}d"
        ));
        gpg.export("tess", "");
        if days == 40 {
            let mut spk = signed(&sandbox, "--key ../tess.key");
            // Within the content of INFO.
            spk[600] ^= 1;
            fs_err::write(sandbox.path("changed.spk"), spk).expect("a new file");
        } else {
            // The signature is older than what says of the key that it can sign: no reason to believe anything.
            let certificate = fs_err::read_to_string(sandbox.path("tess.asc"));
            let path = format!("keys/{fingerprint}.asc");
            sandbox.write(&path, &certificate.expect("a certificate"));
            sandbox.git("commit --quiet -am 'the key is prolonged'");
        }
        let verified = sandbox.run("verify --all").success();
        let verified = verified.stdout_has("good signature");
        let warning = format!("warning: the certificate {fingerprint} expires at ");
        assert_eq!(verified.err().contains(&warning), is_warned, "{days}");
        sandbox.run("verify demo").success().stderr("");
        sandbox
            .run("verify ../changed.spk")
            .failure(1)
            .stdout_has("../changed.spk: bad signature");
    }
}
