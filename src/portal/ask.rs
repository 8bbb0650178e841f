//! One request with everything around it: permission, the token, sending, reading, learning.

use std::time::Instant;

use super::post::Posted;
use super::{Connection, Portal, Turn, now, oauth, post};
use crate::model::{Answer, Call, Effect, Millis, Refusal, Secret, Trouble, TroubleKind};
use crate::wire::decode::Reply;
use crate::wire::encode;

impl Portal {
    /// One request, and once more by a new token when the first had expired: then nothing was done.
    // b24: settings/oauth/auto-renewal.md
    pub(super) fn ask(
        &self,
        turn: Option<Turn>,
        method: &str,
        content_type: &str,
        body: &[u8],
        calls: &[&Call],
        decode: impl Fn(&post::Reply, Millis) -> Reply,
    ) -> Vec<Answer> {
        let sent = Sent {
            method,
            content_type,
            body,
            calls,
        };
        let later = |trouble: Trouble| vec![Answer::Later(trouble); calls.len()];
        if let Err(trouble) = turn.map_or_else(|| self.wait_for_turn(), Ok) {
            return later(trouble);
        }
        let token = match self.auth.token(&self.agent, now()) {
            Ok(token) => token,
            Err(trouble) => return later(trouble),
        };
        let answers = self.send(&sent, token.as_ref(), &decode);
        let (Some(kept), Some(used)) = (self.auth.kept(), token) else {
            return answers;
        };
        let new = match outcome_of_token(&answers) {
            TokenOutcome::Worked => {
                kept.worked();
                return answers;
            }
            TokenOutcome::Silent => return answers,
            TokenOutcome::ExpiredOnTheWay => {
                kept.spend(&used);
                return answers;
            }
            TokenOutcome::Expired => kept.renew(&self.agent, &used, now()),
            TokenOutcome::Refused => match kept.other_than(&used) {
                Some(other) => Ok(other),
                None => return answers,
            },
        };
        let new = match new.and_then(|new| self.wait_for_turn().map(|_| new)) {
            Ok(new) => new,
            Err(trouble) => return later(trouble),
        };
        let answers = self.send(&sent, Some(&new), &decode);
        match outcome_of_token(&answers) {
            TokenOutcome::Worked => kept.worked(),
            TokenOutcome::Expired | TokenOutcome::ExpiredOnTheWay => kept.spend(&new),
            TokenOutcome::Refused | TokenOutcome::Silent => {}
        }
        answers
    }

    /// Sends, reads, learns.
    fn send(
        &self,
        sent: &Sent<'_>,
        token: Option<&Secret>,
        decode: &impl Fn(&post::Reply, Millis) -> Reply,
    ) -> Vec<Answer> {
        let Sent { method, calls, .. } = *sent;
        let connection = self.connection();
        let started = Instant::now();
        let posted = match token {
            None => post::post(&self.agent, &connection, method, sent.content_type, sent.body),
            Some(token) => {
                let body = encode::with_token(sent.body, token);
                post::post(&self.agent, &connection, method, sent.content_type, &body)
            }
        };
        tracing::debug!(
            method,
            calls = calls.len(),
            sent = sent.body.len(),
            took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            outcome = posted.name(),
            "asked the portal"
        );
        let at = now();
        let mut reply = match posted {
            Posted::Answered(answered) => {
                if let Some(moved) = &answered.moved_to {
                    tracing::warn!(to = %moved, "the portal has a new address");
                    *self.lock_connection() = moved.clone();
                }
                decode(&answered, at)
            }
            Posted::NotSent(text) => whole(calls.len(), Answer::Later, TroubleKind::Unreachable, text),
            Posted::Lost(text) => whole(calls.len(), Answer::Unknown, TroubleKind::AnswerLost, text),
            Posted::Redirected(text) => whole(calls.len(), Answer::Later, TroubleKind::NotServed, text),
        };
        self.gate.learn(calls, &mut reply, at);
        for (answer, call) in reply.answers.iter_mut().zip(calls) {
            settle(answer, call, &connection, token);
        }
        reply.answers
    }
}

/// A request before a token was put into it.
struct Sent<'a> {
    method: &'a str,
    content_type: &'a str,
    body: &'a [u8],
    calls: &'a [&'a Call],
}

/// What answers tell of the token that they were asked with.
enum TokenOutcome {
    Worked,
    /// It has expired, and so nothing was done.
    Expired,
    /// It expired while a batch was worked off: some of it was done.
    ExpiredOnTheWay,
    /// It, or the application, is not accepted, and so nothing was done.
    Refused,
    /// Nothing: the request did not come home.
    Silent,
}

fn outcome_of_token(answers: &[Answer]) -> TokenOutcome {
    let kinds = || answers.iter().filter_map(|answer| Some(answer.trouble()?.kind));
    let is_answered = |answer: &Answer| matches!(answer, Answer::Done { .. } | Answer::Refused(_));
    if kinds().any(|kind| kind == TroubleKind::TokenExpired) {
        let nothing_done = answers.iter().all(|answer| {
            matches!(answer, Answer::Later(trouble) if matches!(trouble.kind, TroubleKind::TokenExpired | TroubleKind::NotRun))
        });
        if nothing_done {
            TokenOutcome::Expired
        } else {
            TokenOutcome::ExpiredOnTheWay
        }
    } else if answers.iter().any(is_answered) {
        TokenOutcome::Worked
    } else if answers.iter().all(|answer| matches!(answer, Answer::Later(_)))
        && kinds().any(|kind| kind == TroubleKind::ConnectionRefused)
    {
        TokenOutcome::Refused
    } else {
        TokenOutcome::Silent
    }
}

fn whole(count: usize, verdict: impl Fn(Trouble) -> Answer, kind: TroubleKind, text: String) -> Reply {
    let trouble = Trouble {
        kind,
        text,
        not_before: None,
    };
    Reply {
        answers: vec![verdict(trouble); count],
        operating_reset_at: vec![None; count],
    }
}

/// The last touches: reads are never in doubt, and no secret leaves.
fn settle(answer: &mut Answer, call: &Call, connection: &Connection, token: Option<&Secret>) {
    if call.effect == Effect::Read
        && let Answer::Unknown(trouble) = answer
    {
        *answer = Answer::Later(trouble.clone());
    }
    match answer {
        Answer::Later(Trouble { text, .. })
        | Answer::Unknown(Trouble { text, .. })
        | Answer::Refused(Refusal { text, .. }) => {
            *text = connection.masked(text);
            if let Some(token) = token {
                *text = oauth::masked(text, token);
            }
        }
        Answer::Done { .. } => {}
    }
}
