//! The scenes, in order.

mod border;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use colophon_tlog::hash::Hash;
use colophon_tlog::receipt::Receipt;
use serde_json::Value;

use super::forgery;
use super::teller::{Teller, quietly, say};
use crate::node::Node;
use crate::painting::paint_all;
use crate::person::Person;

/// Everybody and everything in the story.
pub(crate) struct Stage {
    teller: Teller,
    node: Node,
    ana: Person,
    bruno: Person,
    chiara: Person,
    pictures: Vec<PathBuf>,
    works: Vec<String>,
    certificate: String,
    older_certificate: String,
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    Ok(found.with_context(|| format!("no {pointer} in {value}"))?.to_owned())
}

fn account(person: &Person) -> Result<String> {
    text(&person.run(&["key", "show", "--json"]).json(), "/account")
}

/// Returns the certificate of the first edition, as the register has it.
fn certificate_of(person: &Person, work: &str) -> Result<String> {
    Ok(quietly(person, &["certificate", work, "-o", "-"], 0)?.stdout)
}

impl Stage {
    pub(crate) fn open(teller: Teller) -> Result<Stage> {
        teller.scene("A register opens");
        say("A small machine somewhere runs one process over one directory. Its operator can put entries in order; \
             it cannot forge them, change them, or take them back.");
        let node = Node::start_new("demo.example/art");
        let url = node.url().to_owned();
        teller.good(&format!("{} serves {url}", node.origin()));
        teller.good(&format!("its key: {}", node.vkey()));
        let ana = Person::new("ana", &url);
        let bruno = Person::new("bruno", &url);
        let chiara = Person::new("chiara", &url);
        for (person, name, country) in
            [(&ana, "Lin Ana", "CN"), (&bruno, "Bruno Le Goff", "FR"), (&chiara, "Galleria Chiara", "IT")]
        {
            quietly(person, &["profile", "set", "--name", name, "--country", country, "--yes"], 0)?;
        }
        teller
            .good("Ana paints in Hangzhou, Bruno collects in Rennes, Chiara keeps a gallery in Turin. Each has a key.");
        let pictures = paint_all(&ana.desk())?;
        Ok(Stage {
            teller,
            node,
            ana,
            bruno,
            chiara,
            pictures,
            works: Vec::new(),
            certificate: String::new(),
            older_certificate: String::new(),
        })
    }

    pub(crate) fn three_pictures(&mut self) -> Result<()> {
        self.teller.scene("Three pictures are registered");
        say("Ana has just painted three pictures (this program really did: they lie on her desk as PNG files). \
             Only their hashes leave her machine.");
        let titles = ["zh:雾中山", "fr:Le port, la nuit", "en:Ribbon weave"];
        for (number, title) in titles.into_iter().enumerate() {
            let file = self.file(number);
            let mint = ["mint", &file, "--title", title, "--country", "CN", "--yes"];
            let outcome = match number {
                0 => self.teller.types_and_reads_all(&self.ana, &mint, 0)?,
                _ => quietly(&self.ana, &mint, 0)?,
            };
            ensure!(!outcome.stdout.is_empty(), "a mint says what it did");
        }
        for number in 0..3 {
            let verdict = quietly(&self.ana, &["verify", &self.file(number), "--json"], 0)?.json();
            self.works.push(text(&verdict, "/card/work")?);
        }
        self.teller.good("three works, three receipts; each receipt proves its entry by itself");
        Ok(())
    }

    fn file(&self, number: usize) -> String {
        let name = self.pictures.get(number).and_then(|path| path.file_name());
        name.expect("three pictures with names").to_string_lossy().into_owned()
    }

    pub(crate) fn a_sale_across_a_border(&mut self) -> Result<()> {
        self.teller.scene("A sale crosses a border");
        say(
            "Bruno buys the first picture for 1 250 euros. Title moves in one entry that both of them sign: Ana signs \
             first, and the half-signed draft waits in Bruno's inbox. Nobody can put a work into his hands unasked.",
        );
        let (work, to) = (self.works[0].clone(), account(&self.bruno)?);
        let sale = ["transfer", &work, "--to", &to, "--to-country", "FR", "--price", "1250.00 EUR", "--yes"];
        self.teller.types(&self.ana, &sale, 0)?;
        self.teller.types(&self.bruno, &["inbox"], 0)?;
        let inbox = quietly(&self.bruno, &["inbox", "--json"], 0)?.json();
        let draft = text(&inbox, "/drafts/0/id")?;
        self.teller.types(&self.bruno, &["accept", &draft, "--yes"], 0)?;
        self.older_certificate = certificate_of(&self.bruno, &work)?;
        Ok(())
    }

    pub(crate) fn a_firm_offer(&mut self) -> Result<()> {
        self.teller.scene("A firm offer");
        say("Bruno offers the same picture on to Chiara, firm for thirty days: until then he can neither withdraw it \
             nor sell it past her. She accepts on the terms as they stand.");
        let (work, to) = (self.works[0].clone(), account(&self.chiara)?);
        let offer = ["offer", &work, "--to", &to, "--to-country", "IT", "--price", "1400.00 EUR"];
        let offer = [&offer[..], &["--until", "30 days", "--firm", "--yes"]].concat();
        self.teller.types(&self.bruno, &offer, 0)?;
        say("He has second thoughts. The register does not:");
        self.teller.types(&self.bruno, &["withdraw", &work, "--yes"], 6)?;
        let inbox = quietly(&self.chiara, &["inbox", "--json"], 0)?.json();
        let offer = text(&inbox, "/offers/0/id")?;
        self.teller.types(&self.chiara, &["accept", &offer, "--yes"], 0)?;
        self.teller.types(&self.chiara, &["history", &work], 0)?;
        self.certificate = certificate_of(&self.chiara, &work)?;
        Ok(())
    }

    pub(crate) fn a_stranger_checks_offline(&mut self) -> Result<()> {
        self.teller.scene("A stranger checks everything, offline");
        say(
            "A stranger gets three files: the picture, its certificate, and the register's key. No account, no network, \
             no trust in whoever sent them.",
        );
        let stranger = Person::without_key("stranger");
        stranger.put("picture.png", &std::fs::read(&self.pictures[0])?);
        stranger.put("picture.colophon.json", self.certificate.as_bytes());
        stranger.put("log.vkey", self.node.vkey().as_bytes());
        let verify =
            ["verify", "picture.png", "--certificate", "picture.colophon.json", "--vkey", "log.vkey", "--offline"];
        self.teller.types(&stranger, &verify, 0)?;
        let verdict = quietly(&stranger, &[&verify[..], &["--json"]].concat(), 0)?.json();
        ensure!(text(&verdict, "/card/holder/account")? == account(&self.chiara)?, "Chiara holds it: {verdict}");
        Ok(())
    }

    pub(crate) fn forgers(&mut self) -> Result<()> {
        self.teller.scene("Forgers");
        let forger = Person::without_key("forger").at(self.node.url());
        forger.put("log.vkey", self.node.vkey().as_bytes());
        let picture = std::fs::read(&self.pictures[0])?;
        let mut retouched = picture.clone();
        *retouched.last_mut().context("a picture has bytes")? ^= 1;
        forger.put("retouched.png", &retouched);
        say("One bit of the picture is changed. That is another file, and the register proves it knows none such:");
        self.teller.types(&forger, &["verify", "retouched.png"], 3)?;

        say("A certificate is changed to say that the picture never left France:");
        let changed =
            forgery::altered(&self.certificate, "\\\"to_country\\\":\\\"IT\\\"", "\\\"to_country\\\":\\\"FR\\\"")?;
        forger.put("changed.json", changed.as_bytes());
        self.teller.types(&forger, &["verify", "changed.json", "--vkey", "log.vkey", "--offline"], 4)?;

        say(
            "Bruno's old certificate was true once. Its seal and its state are put into the new one, so that he seems \
             to hold the picture still:",
        );
        let receipt = self.node.get(&format!("/v1/entries/{}/receipt", forgery::last_index(&self.older_certificate)?));
        let proof = Receipt::parse(&receipt.body)?.proof.iter().map(Hash::to_base64).collect::<Vec<_>>();
        let mixed = forgery::with_old_seal(&self.certificate, &self.older_certificate, &proof)?;
        forger.put("old-seal.json", mixed.as_bytes());
        self.teller.types(&forger, &["verify", "old-seal.json", "--vkey", "log.vkey", "--offline"], 4)?;
        Ok(())
    }

    pub(crate) fn sold_twice(&mut self) -> Result<()> {
        self.teller.scene("Sold twice");
        say("Ana has been paid for the first picture. She tries to sell it again, to somebody else:");
        let (work, to) = (self.works[0].clone(), account(&self.chiara)?);
        let again = ["transfer", &work, "--to", &to, "--to-country", "IT", "--price", "900.00 EUR", "--yes"];
        self.teller.types(&self.ana, &again, 6)?;
        Ok(())
    }

    pub(crate) fn a_thief(&mut self) -> Result<()> {
        self.teller.scene("A thief registers what Ana registered first");
        let thief = Person::new("mallory", self.node.url());
        let file = self.file(1);
        thief.put(&file, &std::fs::read(&self.pictures[1])?);
        let mint = ["mint", &file, "--title", "My harbour", "--country", "US", "--yes"];
        say("Silently it cannot be done:");
        self.teller.types(&thief, &mint, 6)?;
        say(
            "Openly it can, for a register must not lock a maker out because a thief was quicker. But the earlier claim \
             is named in the later one, for ever:",
        );
        quietly(&thief, &[&mint[..], &["--ack-first", &self.works[1]]].concat(), 0)?;
        let verify = self.teller.types(&thief, &["verify", &file], 0)?;
        ensure!(verify.stdout.contains("Ana"), "the first registration is shown: {verify}");
        let verdict = quietly(&thief, &["verify", &file, "--json"], 0)?.json();
        ensure!(text(&verdict, "/card/work")? == self.works[1], "the first registration is the verdict: {verdict}");
        Ok(())
    }

    pub(crate) fn pulled_plug(&mut self) -> Result<()> {
        self.teller.scene("The plug is pulled");
        say(
            "While Ana registers one sketch after another, the node is killed with SIGKILL. What was acknowledged must \
             still be there; what was not is simply minted again.",
        );
        let (sketches, acknowledged) = self.mint_until_killed()?;
        self.node.start();
        let url = self.node.url().to_owned();
        for person in [&mut self.ana, &mut self.bruno, &mut self.chiara] {
            person.move_to(&url);
        }
        for name in &sketches[..acknowledged] {
            quietly(&self.ana, &["verify", name], 0)?;
        }
        self.teller
            .good(&format!("{acknowledged} sketches were acknowledged before the kill, and all are there after it"));
        let lost = sketches.get(acknowledged).context("a sketch that was being minted")?;
        quietly(&self.ana, &["mint", lost, "--title", "Sketch", "--country", "CN", "--yes"], 0).or_else(|_| {
            // The kill may have come after the commit and before the answer: then it is registered already.
            quietly(&self.ana, &["verify", lost], 0)
        })?;
        self.teller.good("the one that was interrupted is registered now");
        let status = self.node.terminate();
        ensure!(status.success(), "SIGTERM ends a node well: {status}");
        let check = self.node.run::<&str>("fsck", &[]);
        ensure!(check.code == 0, "the log is whole: {check}");
        self.teller.good("colophon-node fsck recomputed everything from the first entry on: nothing is amiss");
        Ok(())
    }

    /// Returns the names of the sketches and how many of them were acknowledged before the node died.
    fn mint_until_killed(&mut self) -> Result<(Vec<String>, usize)> {
        let sketches: Vec<String> = (0..200_u32).map(|number| format!("sketch-{number}.txt")).collect();
        for name in &sketches {
            self.ana.put(name, format!("a sketch called {name}\n").as_bytes());
        }
        let mint = |name: &str| ["mint", name, "--title", "Sketch", "--country", "CN", "--yes"].map(str::to_owned);
        let (ana, node) = (&self.ana, &mut self.node);
        let acknowledged = std::thread::scope(|scope| {
            let minting = scope.spawn(|| sketches.iter().take_while(|name| ana.run(&mint(name)).code == 0).count());
            let killed_at = Instant::now() + Duration::from_millis(900);
            std::thread::sleep(killed_at.saturating_duration_since(Instant::now()));
            node.kill();
            minting.join().expect("minting does not panic")
        });
        ensure!(acknowledged > 0, "some sketch was acknowledged before the kill");
        ensure!(acknowledged < sketches.len(), "the kill came in the middle");
        Ok((sketches, acknowledged))
    }

    pub(crate) fn curtain(&self) {
        self.teller.curtain();
    }
}
