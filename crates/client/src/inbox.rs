//! Asks what waits for an account: drafts to sign, and offers, each of which is proved.

use colophon_ledger::account::AccountId;
use colophon_ledger::draft::Draft;
use colophon_ledger::entry::Body;
use colophon_ledger::entry::terms::Terms;

use crate::answer::{InboxAnswer, OfferAnswer};
use crate::client::Client;
use crate::draft::DRAFT_ANSWER_BYTES_MAX;
use crate::entry::{EntryName, LoggedEntry};
use crate::lookup::{Looked, LookupError};
use crate::security::SecurityError;
use crate::work::{WorkFacts, WorkPrefix};

/// The most drafts of one inbox that are read.
pub const DRAFTS_MAX: usize = 100;
/// The most offers of one inbox that are asked about.
pub const OFFERS_MAX: usize = 100;
/// The longest inbox, in bytes.
const INBOX_BYTES_MAX: usize = DRAFTS_MAX * DRAFT_ANSWER_BYTES_MAX;

/// What waits for an account. The node may have left something out: that nothing else waits is not proved.
#[derive(Debug, Clone)]
pub struct Inbox {
    /// Drafts for this register in which the account has a part.
    pub drafts: Vec<Draft>,
    /// Offers to the account that are open, as of the moment each was asked about.
    pub offers: Vec<OpenOffer>,
    /// How many drafts and offers the node listed that are none, are somebody else's, or are no longer open.
    pub dropped: usize,
}

/// An offer that is proved to be open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOffer {
    /// The work and the edition as it stands, with the offer's time in it.
    pub facts: WorkFacts,
    /// The offer's terms.
    pub terms: Terms,
    /// The offer, as logged.
    pub logged: LoggedEntry,
}

impl Client {
    /// Asks what waits for an account.
    pub async fn inbox(&self, account: &AccountId) -> Result<Inbox, LookupError> {
        let path = format!("v1/accounts/{account}/inbox");
        let answer: InboxAnswer = self.transport().get_json(&path, INBOX_BYTES_MAX).await?;
        let listed = answer.drafts.len() + answer.offers.len();
        let drafts = answer.drafts.into_iter().take(DRAFTS_MAX);
        let drafts: Vec<Draft> = drafts.filter_map(|draft| self.draft_for(account, &draft)).collect();
        let mut offers = Vec::new();
        for offer in answer.offers.into_iter().take(OFFERS_MAX) {
            offers.extend(self.open_offer(account, &offer).await?);
        }
        let dropped = listed - drafts.len() - offers.len();
        Ok(Inbox { drafts, offers, dropped })
    }

    /// Returns a draft that anybody may have left, if it is one, for this register, with a part for the account.
    fn draft_for(&self, account: &AccountId, draft: &serde_json::Value) -> Option<Draft> {
        let draft = Draft::parse(draft.to_string().as_bytes()).ok()?;
        self.check_draft(&draft).ok()?;
        draft.parts().ok()?.body.signers().contains(account).then_some(draft)
    }

    /// Returns an offer, if the edition's record shows it open and made to the account. The node's list may be a moment old.
    async fn open_offer(&self, account: &AccountId, listed: &OfferAnswer) -> Result<Option<OpenOffer>, LookupError> {
        let Looked::Found(facts) = self.work(&WorkPrefix::from(&listed.work), listed.edition).await? else {
            return Ok(None);
        };
        let open = facts.state.offer.as_ref().filter(|offer| offer.to == *account);
        let Some(open) = open else { return Ok(None) };
        let logged = self.entry(EntryName::Id(listed.offer)).await?;
        if logged.index != open.index {
            return Ok(None);
        }
        let Body::Offer(terms) = logged.entry.body() else {
            return Err(SecurityError::other("an offer", logged.entry.body().kind()).into());
        };
        let terms = terms.clone();
        Ok(Some(OpenOffer { facts, terms, logged }))
    }
}
