//! A digitisation of an old scroll leaves its country: refused without the paper, with it accepted, and the certificate says on which. When it is
//! sold again, its maker is owed a share until she gives a receipt.

use anyhow::{Result, ensure};

use super::{Stage, account, certificate_of, text};
use crate::demo::teller::{quietly, say};
use crate::person::Person;

/// The rule sets that the governors adopt: both come with the software.
const HERITAGE: &str = include_str!("../../../../rules/CN-EXP-HERITAGE.cedar");
const RESALE: &str = include_str!("../../../../rules/ARR-EU.cedar");

impl Stage {
    pub(crate) fn a_relic_leaves_its_country(&mut self) -> Result<()> {
        self.teller.scene("A relic leaves its country");
        say(
            "The register's governors adopt two rule sets, texts that anybody can read: relics, and digitisations of them, leave \
             China only with an export licence; and of resales in Europe the artist gets a share. They enrol the bureau that gives such licences.",
        );
        let bureau = Person::new("bureau", self.node.url());
        quietly(&bureau, &["profile", "set", "--name", "Bureau of Cultural Relics", "--country", "CN", "--yes"], 0)?;
        self.adopt(&account(&bureau)?)?;
        self.teller.types(&self.ana, &["rules", "list"], 0)?;

        say(
            "Ana has scanned a scroll of 1736 that is in her family. Before she signs anything, she asks what its sale to France needs:",
        );
        self.ana.put("scroll.txt", b"the scan of a scroll, as good as the day it was painted\n");
        let mint =
            ["mint", "scroll.txt", "--title", "zh:溪山清远", "--country", "CN", "--created", "1736", "--yes", "--json"];
        let facts =
            ["--source-type", "digitalCapture", "--category", "painting", "--protection", "listed", "--age", "gt250"];
        let minted = quietly(&self.ana, &[&mint[..], &facts].concat(), 0)?.json();
        let work = text(&minted, "/work")?;
        let check = ["rules", "check", &work, "--to", "FR"];
        let missing = self.teller.types_and_reads_all(&self.ana, &check, 6)?;
        ensure!(
            missing.stdout.contains("get NAT_EXPORT_LICENCE by an authority enrolled for CN"),
            "the paper: {missing}"
        );

        say("She and Bruno try without it. Both sign, and title does not move:");
        let to = account(&self.bruno)?;
        let sale = ["transfer", &work, "--to", &to, "--to-country", "FR", "--price", "9000.00 EUR", "--yes", "--json"];
        let draft = text(&quietly(&self.ana, &sale, 0)?.json(), "/id")?;
        self.teller.types(&self.bruno, &["--quiet", "accept", &draft, "--yes"], 6)?;

        say(
            "The bureau looks at the scroll, and attests its licence. The paper stays with it; its digest and its days go into the register:",
        );
        bureau.put("licence.pdf", b"Export licence 2026/0417\n");
        let attest =
            ["attest", &work, "--type", "NAT_EXPORT_LICENCE", "--file", "licence.pdf", "--number", "2026/0417"];
        self.teller.types(&bureau, &[&attest[..], &["--valid-to", "2126-12-31", "--yes"]].concat(), 0)?;
        say("Now the very same draft goes through:");
        self.teller.types(&self.bruno, &["accept", &draft, "--yes"], 0)?;

        say(
            "Whoever gets the certificate sees, offline, which rules were applied, on which paper, and who stood for it:",
        );
        let stranger = Person::without_key("curator");
        stranger.put("scroll.colophon.json", certificate_of(&self.bruno, &work)?.as_bytes());
        stranger.put("log.vkey", self.node.vkey().as_bytes());
        let verify = ["verify", "scroll.colophon.json", "--vkey", "log.vkey", "--offline"];
        let verified = self.teller.types(&stranger, &verify, 0)?;
        for told in ["NAT_EXPORT_LICENCE no. 2026/0417 attested by", "checked against rule set", "not legal advice"] {
            ensure!(verified.stdout.contains(told), "the certificate tells {told:?}: {verified}");
        }
        self.a_resale(&work)
    }

    fn a_resale(&self, work: &str) -> Result<()> {
        say(
            "Bruno sells it through a gallery in Berlin. By the resale right she has a share of the price, to the cent:",
        );
        let chiara = Person::new("chiara", self.node.url());
        let to = account(&chiara)?;
        let offer = ["offer", work, "--to", &to, "--to-country", "DE", "--until", "30 days", "--price", "60000.00 EUR"];
        let offered = quietly(&self.bruno, &[&offer[..], &["--professional", "--yes", "--json"]].concat(), 0)?.json();
        self.teller.types(&chiara, &["accept", &text(&offered, "/id")?, "--yes"], 0)?;
        let stranger = Person::without_key("buyer").at(self.node.url());
        let owed = self.teller.types(&stranger, &["verify", work], 0)?;
        ensure!(owed.stdout.contains("OWED") && owed.stdout.contains("2300.00 EUR"), "what is owed: {owed}");
        say("She is paid, and says so. Nothing is outstanding any more:");
        let settle = ["settle", work, "--note", "paid by bank transfer", "--yes"];
        let settled = self.teller.types(&self.ana, &settle, 0)?;
        ensure!(settled.stderr.contains("2300.00 EUR"), "what is settled: {settled}");
        let shown = quietly(&stranger, &["show", work, "--json"], 0)?.json();
        ensure!(shown["card"].get("outstanding").is_none(), "nothing is outstanding: {shown}");
        Ok(())
    }

    /// Lets the only governor publish the rule sets and enrol the authority; anybody may hand in what it has signed.
    fn adopt(&self, authority: &str) -> Result<()> {
        let sets = [
            ("CN-EXP-HERITAGE", HERITAGE, "CN", "Law of the PRC on the Protection of Cultural Relics"),
            ("ARR-EU", RESALE, "EU", "Directive 2001/84/EC"),
        ];
        for (name, text, jurisdiction, citation) in sets {
            let rules = self.ana.put(&format!("{name}.cedar"), text.as_bytes());
            let rules = rules.to_string_lossy().into_owned();
            let publish = ["rules", "--name", name, "--file", &rules, "--ahead", "1"];
            self.govern(&[&publish[..], &["--citation", citation, "--jurisdiction", jurisdiction]].concat())?;
        }
        self.govern(&["authority", "--authority", authority, "--country", "CN", "--type", "NAT_EXPORT_LICENCE"])
    }

    fn govern(&self, words: &[&str]) -> Result<()> {
        let dir = self.node.dir().to_string_lossy().into_owned();
        let key = self.node.dir().join("governor.key").to_string_lossy().into_owned();
        let draft = self.ana.desk().join("act.draft");
        let out = draft.to_string_lossy().into_owned();
        let (act, rest) = words.split_first().expect("an act has a name");
        let all = [&["govern", act, &dir][..], rest, &["--key", &key, "--out", &out]].concat();
        let composed = self.node.run_words(&all);
        ensure!(composed.code == 0, "{composed}");
        let line = composed.stdout.lines().find(|line| line.starts_with("Tried on every crossing so far"));
        if let Some(line) = line {
            self.teller.good(&format!("the governors try it first. {line}"));
        }
        quietly(&self.ana, &["submit", &out], 0)?;
        std::fs::remove_file(draft)?;
        Ok(())
    }
}
