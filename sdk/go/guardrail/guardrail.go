// Package guardrail is for guardrails: what they implement, decisions, edits of texts.
//
//	func init() { guardrail.Serve(words{}) }
//
// and, for what the component exports: import _ "sluice/guardrail/wit_exports".
package guardrail

import (
	"strings"

	"sluice"
	generated "sluice/gen/sluice_plugin_guardrail"
	wit "sluice/wit/types"
)

// What the contract has. Its comments stand beside the generated ones.
type (
	Inspection = generated.Inspection
	Span       = generated.Span
	Decision   = generated.Decision
)

// Guardrail looks at texts.
type Guardrail interface {
	// Describe gives the describe document.
	Describe() string
	// Inspect decides.
	Inspect(inspection Inspection) (Decision, error)
}

// Served is what the component is.
var Served Guardrail

// Serve says what the component is; to be called in an init function.
func Serve(guardrail Guardrail) { Served = guardrail }

// Allow lets it pass.
func Allow() Decision { return Decision{Verdict: generated.MakeVerdictAllow()} }

// Block refuses. The message is for the client, the code for machines, the detail for the log.
func Block(message, code string, detail any) Decision {
	refusal := generated.Refusal{Message: message, Code: code, Detail: wit.Some(sluice.Text(detail))}
	return Decision{Verdict: generated.MakeVerdictBlock(refusal)}
}

// Edit puts other texts in place of those that change changes.
func Edit(spans []Span, change func(Span) string) Decision {
	edits := []generated.Edit{}
	for index, span := range spans {
		if text := change(span); text != span.Text {
			edits = append(edits, generated.Edit{Span: uint32(index), Text: text})
		}
	}
	if len(edits) == 0 {
		return Allow()
	}
	return Decision{Verdict: generated.MakeVerdictEdit(edits)}
}

// With adds to a decision what it found, for the log (nil: nothing), and the state for the later stages.
func With(decision Decision, findings any, state string) Decision {
	if findings != nil {
		decision.Findings = wit.Some(sluice.Text(findings))
	}
	decision.State = state
	return decision
}

// Restore puts masks back, by a table of mask and text. In arguments of tools, which are JSON, as JSON writes them.
func Restore(span Span, table map[string]string) string {
	text := span.Text
	for mask, was := range table {
		if span.Channel == "tool-arguments" {
			quoted := sluice.Text(was)
			was = quoted[1 : len(quoted)-1]
		}
		text = strings.ReplaceAll(text, mask, was)
	}
	return text
}
