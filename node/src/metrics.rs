//! What the register counts about itself, in the text format of Prometheus.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tokio::sync::oneshot;

use crate::submission::Outcome;
use crate::witness_standing::{LastAnswer, WitnessStanding};

/// The media type of [`Metrics::to_text`].
pub const METRICS_MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Why a submission was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: &'static str,
}

/// Which route answered how.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    status: u16,
}

/// Which witness: as many as are asked, by their names in the policy.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WitnessLabel {
    witness: String,
}

/// Which witness, and how it may have answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    witness: String,
    answer: &'static str,
}

/// The counts. Nothing in them tells one client or work from another.
#[derive(Debug)]
pub struct Metrics {
    /// Batches committed since the start.
    pub batches: Counter,
    /// Seconds from a batch's first look at its entries to its last answer.
    pub batch_seconds: Histogram,
    /// Entries in the published log.
    pub size: Gauge,
    /// 1 while a checkpoint waits for its quorum of cosignatures, else 0.
    pub held: Gauge,
    /// When the published checkpoint's quorum cosigned it, in seconds since 1970; 0 without witnesses.
    pub cosigned_s: Gauge,
    /// Submissions that wait for a batch.
    pub waiting: Gauge,
    /// Keys that wait for the tables' engine.
    pub view_backlog: Gauge,
    /// Connections that are open.
    pub connections: Gauge,
    /// Connections that there was no place for.
    pub turned_away: Counter,
    /// Idle connections that were sent away for another.
    pub dismissed: Counter,
    /// Of a copy: checkpoints that it took from its register.
    pub followed: Counter,
    /// Of a copy: looks at its register of which nothing came.
    pub source_failures: Counter,
    /// Of a copy: 1 while its register shows what proves nothing, or was caught.
    pub source_unsound: Gauge,
    /// Of a copy: entries whose cards its register has not given.
    pub cards_missing: Gauge,
    witness_size: Family<WitnessLabel, Gauge>,
    witness_cosigned_s: Family<WitnessLabel, Gauge>,
    witness_answer: Family<AnswerLabels, Gauge>,
    /// Entries whose words can be searched: of those that are published, as many as when somebody searched last.
    pub searchable: Gauge,
    recorded: Counter,
    repeated: Counter,
    refused: Family<CodeLabel, Counter>,
    requests: Family<RequestLabels, Counter>,
    registry: Registry,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut metrics = Metrics {
            batches: Counter::default(),
            batch_seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 16)),
            size: Gauge::default(),
            held: Gauge::default(),
            cosigned_s: Gauge::default(),
            waiting: Gauge::default(),
            view_backlog: Gauge::default(),
            connections: Gauge::default(),
            turned_away: Counter::default(),
            dismissed: Counter::default(),
            followed: Counter::default(),
            source_failures: Counter::default(),
            source_unsound: Gauge::default(),
            cards_missing: Gauge::default(),
            witness_size: Family::default(),
            witness_cosigned_s: Family::default(),
            witness_answer: Family::default(),
            searchable: Gauge::default(),
            recorded: Counter::default(),
            repeated: Counter::default(),
            refused: Family::default(),
            requests: Family::default(),
            registry: Registry::default(),
        };
        metrics.registry = metrics.registered();
        metrics
    }
}

impl Metrics {
    /// Names each count, and says what it is.
    fn registered(&self) -> Registry {
        let mut registry = Registry::with_prefix("colophon");
        registry.register("batches", "Batches committed", self.batches.clone());
        registry.register("batch_seconds", "From a batch's first look to its last answer", self.batch_seconds.clone());
        registry.register("log_entries", "Entries in the published log", self.size.clone());
        registry.register("checkpoint_held", "1 while a checkpoint waits for its quorum", self.held.clone());
        registry.register("checkpoint_cosigned_seconds", "When its quorum cosigned it", self.cosigned_s.clone());
        registry.register("witness_size", "What a witness cosigned last", self.witness_size.clone());
        registry.register("witness_cosigned_seconds", "When it did", self.witness_cosigned_s.clone());
        registry.register("witness_answer", "1 for how it answered last", self.witness_answer.clone());
        registry.register("queue_entries", "Submissions that wait for a batch", self.waiting.clone());
        registry.register("view_backlog_keys", "Keys that wait for the tables' engine", self.view_backlog.clone());
        registry.register("connections", "Connections that are open", self.connections.clone());
        registry.register(
            "connections_turned_away",
            "Connections that there was no place for",
            self.turned_away.clone(),
        );
        registry.register(
            "connections_dismissed",
            "Idle connections that were sent away for another",
            self.dismissed.clone(),
        );
        registry.register("followed_checkpoints", "Checkpoints that a copy took", self.followed.clone());
        registry.register(
            "source_failures",
            "Looks at the register of which nothing came",
            self.source_failures.clone(),
        );
        registry.register(
            "source_unsound",
            "Whether the register shows what proves nothing, or was caught",
            self.source_unsound.clone(),
        );
        registry.register("cards_missing", "Entries whose cards a copy still lacks", self.cards_missing.clone());
        registry.register("searchable_entries", "Entries whose words were read for a search", self.searchable.clone());
        registry.register("recorded", "Entries recorded", self.recorded.clone());
        registry.register("repeated", "Submissions of entries that were there", self.repeated.clone());
        registry.register("refused", "Submissions refused, by code", self.refused.clone());
        registry.register("requests", "Requests answered, by route and status", self.requests.clone());
        registry
    }

    /// Shows how it stands with each witness.
    pub fn show_witnesses(&self, witnesses: &[WitnessStanding]) {
        let gauge = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        for WitnessStanding { name: witness, size, cosigned_s, answer: last } in witnesses {
            let label = WitnessLabel { witness: witness.clone() };
            self.witness_size.get_or_create(&label).set(gauge(*size));
            self.witness_cosigned_s.get_or_create(&label).set(gauge(*cosigned_s));
            for answer in LastAnswer::ALL {
                let labels = AnswerLabels { witness: witness.clone(), answer: answer.word() };
                self.witness_answer.get_or_create(&labels).set(i64::from(*last == Some(answer)));
            }
        }
    }

    /// Tells a submitter what came of their submission, and counts it.
    pub fn answer(&self, reply: oneshot::Sender<Outcome>, outcome: Outcome) {
        self.count(&outcome);
        // Whoever asked may be gone. What is in the log is there all the same, and submitting it again says so.
        drop(reply.send(outcome));
    }

    fn count(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Recorded(recorded) if recorded.repeated => self.repeat(),
            Outcome::Recorded(_) => {
                self.recorded.inc();
            }
            Outcome::Refused(refusal) => self.refuse(refusal.code()),
            Outcome::NotAdmitted => self.refuse("not_admitted"),
            Outcome::DiskFull => self.refuse("disk_full"),
            Outcome::ViewFailed => self.refuse("view_rebuilding"),
        }
    }

    /// Counts a submission of an entry that was there.
    pub fn repeat(&self) {
        self.repeated.inc();
    }

    /// Counts a submission that was not taken.
    pub fn refuse(&self, code: &'static str) {
        self.refused.get_or_create(&CodeLabel { code }).inc();
    }

    /// Counts a request. `route` is a route's pattern, never a path as it was asked for.
    pub fn request(&self, route: &str, status: u16) {
        self.requests.get_or_create(&RequestLabels { route: route.to_owned(), status }).inc();
    }

    /// Returns everything, in the text format.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string cannot fail");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use colophon_ledger::refusal::Refusal;

    #[test]
    fn of_a_witness_the_last_answer_alone_is_shown() {
        let metrics = Metrics::default();
        let away = WitnessStanding::unasked("one".to_owned());
        let answered = |answer| WitnessStanding { size: 7, cosigned_s: 1_000, answer: Some(answer), ..away.clone() };
        for standing in [away.clone(), answered(LastAnswer::Away), answered(LastAnswer::Cosigned)] {
            metrics.show_witnesses(std::slice::from_ref(&standing));
            let text = metrics.to_text();
            assert_eq!(text.matches("colophon_witness_answer{").count(), LastAnswer::ALL.len());
            let shown = |answer: LastAnswer| {
                text.contains(&format!(r#"colophon_witness_answer{{witness="one",answer="{}"}} 1"#, answer.word()))
            };
            assert!(
                LastAnswer::ALL.into_iter().all(|answer| shown(answer) == (standing.answer == Some(answer))),
                "{text}"
            );
            let size = format!(r#"colophon_witness_size{{witness="one"}} {}"#, standing.size);
            assert!(text.contains(&size), "{text}");
        }
    }

    #[test]
    fn what_happened_is_counted_under_its_code() {
        let metrics = Metrics::default();
        metrics.count(&Outcome::Refused(Refusal::SameHolder));
        metrics.count(&Outcome::Refused(Refusal::SameHolder));
        metrics.count(&Outcome::DiskFull);
        metrics.request("/checkpoint", 200);
        let text = metrics.to_text();
        for line in [
            r#"colophon_refused_total{code="same_holder"} 2"#,
            r#"colophon_refused_total{code="disk_full"} 1"#,
            r#"colophon_requests_total{route="/checkpoint",status="200"} 1"#,
            "colophon_recorded_total 0",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
