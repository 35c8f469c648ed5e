//! Which of the documents behind a crossing were taken back since. No certificate says that, so the register is asked.

use colophon_ledger::certificate::Provenance;

use crate::command::Context;
use crate::dossier::Dossier;
use crate::failure::Failure;

/// How many documents are asked about, the newest of all.
const PAPERS_ASKED_MAX: usize = 32;

/// Marks in a card the documents that their issuers have taken back since. Title stays where it went by them.
pub fn mark(card: &mut Dossier, provenance: &Provenance, context: &Context) -> Result<(), Failure> {
    if provenance.papers.is_empty() {
        return Ok(());
    }
    let client = context.client().map_err(Failure::of_reading)?;
    let mut taken_back = Vec::new();
    for (moment, attest) in provenance.papers.iter().rev().take(PAPERS_ASKED_MAX) {
        let Ok(about) = attest.about() else { continue };
        let asked = context.wait_for(client.paper(about, &attest.document_type, &attest.by))?;
        let paper = asked.map_err(Failure::of_reading)?.found();
        // One that the same account has attested anew since is another document.
        if paper.is_some_and(|paper| paper.attest == moment.id && paper.revoked.is_some()) {
            taken_back.push(moment.id);
        }
    }
    card.story.take_back(&taken_back);
    Ok(())
}
