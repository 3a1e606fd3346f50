//! Files: uploaded to one deployment, and read, shown and deleted there.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::looked::Lines;
use super::place::{self, Asker, Needs, Place};
use super::{
    Allow, Asking, Kind, document, jsonl, lines, no_document, object, text, unreadable, with,
};
use crate::domain::{CallId, ErrorKind, Fault};
use crate::pipeline::answer::{Answer, AnswerBody, Failure};
use crate::pipeline::request::{ClientRequest, OURS, Operation};
use crate::pipeline::run::{Pipeline, Ready, Readying};
use crate::pipeline::uploads::{Upload, Uploads};
use crate::upstream::{FileContent, Spooled, Spools};

/// Fields of the form that choose the deployment.
const CHOOSING: [&str; 3] = ["model", "target_model_names", "custom_llm_provider"];

/// What a client uploads.
pub struct NewFile<'s> {
    /// The form's fields, as a JSON object.
    pub fields: Bytes,
    pub files: Uploads,
    /// Names of models, with commas between, and of a provider, from outside of the form.
    pub models: Option<String>,
    pub provider: Option<String>,
    pub spools: &'s Spools,
}

/// The input of a batch as it came: what it is to be waits until its call has been let in.
struct Input {
    upload: Upload,
    content: Spooled,
    /// None: nobody looks at its lines.
    looks: Option<Lines>,
    /// The deployment's names of the models.
    names: BTreeMap<String, String>,
    /// The gateway keeps the lines, and the provider is not given them.
    stays: bool,
}

impl Input {
    /// What is sent of it, and the lines that are kept.
    async fn ready(
        self,
        call: &CallId,
        spools: &Spools,
    ) -> Result<(Ready, Option<Spooled>), Fault> {
        let content = match self.looks {
            Some(lines) => lines.look(&self.content, spools).await?,
            None => self.content,
        };
        let renamed = jsonl::rename(&content, (self.names, !self.stays), spools).await?;
        let kept = self.stays.then(|| renamed.clone());
        let upload = Upload {
            content: FileContent::Spooled(renamed),
            ..self.upload
        };
        let known = kept.as_ref().map(|_| lines::document(call, &upload));
        let known = known.transpose()?.map(|it| Bytes::from(it.to_string()));
        let files = Uploads::new(vec![upload]);
        Ok((Ready { files, known }, kept))
    }
}

impl Pipeline {
    /// Uploads a file. The input of a batch goes to a deployment of the models that its lines name.
    ///
    /// # Errors
    /// It cannot go anywhere, or the upstream refuses it.
    pub async fn create_file(
        &self,
        asking: Asking<'_>,
        file: NewFile<'_>,
        allow: Allow<'_>,
    ) -> Result<Answer, Failure> {
        const OPERATION: Operation = Operation::FilesCreate;
        let spools = file.spools;
        let ready = match asking.owner() {
            Ok(owner) => {
                let ready = self.ready(&asking, file, allow).await;
                ready.map(|(request, place, input)| (request, place, input, owner))
            }
            Err(fault) => Err(fault),
        };
        let (mut request, place, input, owner) =
            ready.map_err(|fault| asking.refused(OPERATION.as_str(), fault))?;
        request.id = asking.id;
        let (id, mut lines) = (request.id.clone(), None);
        let (call, slot) = (&id, &mut lines);
        let readying = input.map(move |input| -> Readying<'_> {
            Box::pin(async move {
                let (ready, kept) = input.ready(call, spools).await?;
                *slot = kept;
                Ok(ready)
            })
        });
        let answer = self
            .run_readied(asking.caller, Box::new(request), asking.source, readying)
            .await?;
        let mut told = document(&answer).ok_or_else(|| no_document(&answer.trail))?;
        let remote = text(&told, "id").ok_or_else(|| no_document(&answer.trail))?;
        let at = (place.group.as_str(), place.deployment.as_str());
        let mut kept = object((Kind::File, owner), at, remote, &Map::new());
        told.insert("id".to_owned(), kept.id.clone().into());
        kept.doc = Value::Object(told.clone()).to_string();
        if let Some(lines) = lines
            && let Err(fault) = self.keep_lines(&kept.id, &lines).await
        {
            let trail = Box::new(answer.trail);
            return Err(Failure { fault, trail });
        }
        if let Err(cause) = self.accounting().store().keep_remote(&kept).await {
            tracing::error!(
                call.id = %answer.trail.call_id, deployment.id = at.1, file = kept.remote_id, %cause,
                "a file was uploaded that the database does not know of: delete it at the provider"
            );
            return Err(Failure {
                fault: unreadable(&cause),
                trail: Box::new(answer.trail),
            });
        }
        Ok(with(answer, told))
    }

    async fn ready(
        &self,
        asking: &Asking<'_>,
        file: NewFile<'_>,
        allow: Allow<'_>,
    ) -> Result<(ClientRequest, Place, Option<Input>), Fault> {
        let mut fields: Map<String, Value> = serde_json::from_slice(&file.fields)
            .map_err(|cause| Fault::ours("the form cannot be read", cause.to_string()))?;
        let said = |name: &str| text(&fields, name).map(str::to_owned);
        let models = said("target_model_names")
            .or_else(|| said("model"))
            .or(file.models);
        let provider = said("custom_llm_provider").or(file.provider);
        let upload = file.files.iter().next().ok_or_else(|| missing("file"))?;
        let purpose = said("purpose").ok_or_else(|| missing("purpose"))?;
        fields.retain(|name, _| !CHOOSING.contains(&&**name) && !OURS.contains(&&**name));
        let fleet = self.fleet();
        let asker = Asker {
            caller: asking.caller,
            tags: &asking.tags,
        };
        let needs = Needs {
            operations: match purpose.as_str() {
                "batch" => &[Operation::FilesCreate, Operation::BatchesCreate],
                _ => &[Operation::FilesCreate],
            },
            provider: provider.as_deref(),
        };
        let named = models.as_deref().map(one_model).transpose()?;
        let mut input = None;
        let place = match (&upload.content, purpose.as_str(), named) {
            (FileContent::Spooled(content), "batch", _) => {
                let named = jsonl::survey(content).await?;
                let models = named.models.into_iter().map(|(model, line)| {
                    let allowed = allow(&model).map_err(|it| at_line(it, line));
                    allowed.map(|group| (model, group))
                });
                let models = models.collect::<Result<Vec<_>, Fault>>()?;
                let place = place::of_models(&fleet, asker, &models, needs)?;
                input = Some(Input {
                    upload: upload.clone(),
                    content: content.clone(),
                    looks: self.looks_at_lines(asking, (&models, named.guardrails)),
                    names: place.names.clone(),
                    stays: self.keeps_lines(&place.deployment),
                });
                place
            }
            (_, _, Some(model)) => {
                let models = [(model.to_owned(), allow(model)?)];
                place::of_models(&fleet, asker, &models, needs)?
            }
            (_, _, None) => place::of_provider(&fleet, asker, needs, allow)?,
        };
        let fields = Bytes::from(Value::Object(fields).to_string());
        let group = Some(place.group.as_str());
        let operation = Operation::FilesCreate;
        let form = (fields, file.files);
        let mut request = ClientRequest::of_form(operation, form, group, Vec::new())?;
        request.controls.pinned = Some(place.deployment.clone());
        request.controls.placed = Some(Arc::new(place.choice.clone()));
        request.controls.tag(asking.tags.iter().cloned());
        request.controls.disable_fallbacks = true;
        Ok((request, place, input))
    }

    /// Shows a file.
    ///
    /// # Errors
    /// It is not the caller's, or the upstream does not show it.
    pub async fn get_file(&self, asking: Asking<'_>, id: &str) -> Result<Answer, Failure> {
        const OPERATION: Operation = Operation::FilesGet;
        let found = self.remote(&asking, (Kind::File, id), false).await;
        let found = found.map_err(|fault| asking.refused(OPERATION.as_str(), fault))?;
        let answer = self.ask_of(asking, &found, OPERATION).await?;
        let mut told = document(&answer).ok_or_else(|| no_document(&answer.trail))?;
        told.insert("id".to_owned(), id.into());
        let doc = Value::Object(told.clone()).to_string();
        if doc != found.doc
            && let Err(cause) = self.accounting().store().tell_remote(id, &doc).await
        {
            tracing::warn!(%cause, "what a file has become could not be remembered");
        }
        Ok(with(answer, told))
    }

    /// The bytes of a file, as they come.
    ///
    /// # Errors
    /// It is not the caller's, or the upstream does not give it.
    pub async fn file_content(&self, asking: Asking<'_>, id: &str) -> Result<Answer, Failure> {
        const OPERATION: Operation = Operation::FilesContent;
        let found = self.remote(&asking, (Kind::File, id), false).await;
        let (caller, id) = (asking.caller, asking.id.clone());
        let found = found.map_err(|fault| asking.refused(OPERATION.as_str(), fault))?;
        let mut answer = self.ask_of(asking, &found, OPERATION).await?;
        if self.is_kept(&found) {
            answer.body = AnswerBody::File(self.kept_lines(&found.id));
            answer.content_type = "application/jsonl".into();
        }
        if let AnswerBody::File(bytes) = answer.body {
            let looked = self.looked_results((caller, &id), &found, bytes);
            answer.body = AnswerBody::File(looked);
        }
        Ok(answer)
    }

    /// Deletes a file.
    ///
    /// # Errors
    /// It is not the caller's, or the upstream keeps it.
    pub async fn delete_file(&self, asking: Asking<'_>, id: &str) -> Result<Answer, Failure> {
        const OPERATION: Operation = Operation::FilesDelete;
        let found = self.remote(&asking, (Kind::File, id), true).await;
        let found = found.map_err(|fault| asking.refused(OPERATION.as_str(), fault))?;
        let answer = self.ask_of(asking, &found, OPERATION).await?;
        let mut told = document(&answer).ok_or_else(|| no_document(&answer.trail))?;
        told.insert("id".to_owned(), id.into());
        let forgotten = self.accounting().store().forget_remote(id).await;
        forgotten.map_err(|cause| Failure {
            fault: unreadable(&cause),
            trail: Box::new(answer.trail.clone()),
        })?;
        Ok(with(answer, told))
    }
}

fn missing(name: &str) -> Fault {
    let message = format!("the required member `{name}` is missing");
    Fault::caller(ErrorKind::InvalidRequest, message).with_param(name)
}

/// A file lies at one deployment, so one model is named.
fn one_model(names: &str) -> Result<&str, Fault> {
    let mut each = names.split(',').map(str::trim).filter(|it| !it.is_empty());
    match (each.next(), each.next()) {
        (Some(name), None) => Ok(name),
        _ => {
            let message = "`target_model_names` must name one model: upload the file once for each";
            let fault = Fault::caller(ErrorKind::InvalidRequest, message);
            Err(fault.with_param("target_model_names"))
        }
    }
}

pub fn at_line(mut fault: Fault, line: u64) -> Fault {
    fault.message = format!("line {line} of the file: {}", fault.message);
    fault
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_model_is_named_and_not_several() {
        assert_eq!(one_model(" gpt-4o ,").unwrap(), "gpt-4o");
        for names in ["", ",", "a,b"] {
            assert!(one_model(names).unwrap_err().message.contains("one model"));
        }
    }
}
