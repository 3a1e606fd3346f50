// Package sluice is what plugins in Go share: errors, payloads and the describe document. The packages provider,
// guardrail and callback are for one kind of plugin each, http is for the latter two.
//
// Every function of a plugin is pure: what has to survive goes through the state, never through a variable.
package sluice

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	types "sluice/gen/sluice_plugin_types"
	wit "sluice/wit/types"
)

// Payload is a body as it came.
type Payload = types.Payload

// Fault is an error of the contract. Its kind is one of those that the WIT lists.
type Fault struct {
	Kind    string
	Message string
	// Status is the other side's status code, if it gave one.
	Status uint16
	// Retry says whether another attempt may help, where the kind does not say it right.
	Retry *bool
}

func (f *Fault) Error() string { return f.Message }

// Refuse is a Fault of this kind.
func Refuse(kind, format string, values ...any) error {
	return &Fault{Kind: kind, Message: fmt.Sprintf(format, values...)}
}

// Record is an error as the contract has it. One that is no Fault is the plugin's own failure.
func Record(err error) types.Error {
	var fault *Fault
	if !errors.As(err, &fault) {
		return types.Error{Kind: "internal", Message: err.Error()}
	}
	record := types.Error{Kind: fault.Kind, Message: fault.Message}
	if fault.Status != 0 {
		record.Status = wit.Some(fault.Status)
	}
	if fault.Retry != nil {
		record.Retry = wit.Some(*fault.Retry)
	}
	return record
}

// Outcome is a value or an error as the contract has them.
func Outcome[T any](value T, err error) wit.Result[T, types.Error] {
	if err != nil {
		return wit.Err[T](Record(err))
	}
	return wit.Ok[T, types.Error](value)
}

// Parse reads a payload as JSON. What is none is the upstream's failure, not a breakdown of the plugin.
func Parse(payload Payload, into any) error {
	text := ""
	if payload.Tag() == types.PayloadText {
		text = payload.Text()
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return Refuse("upstream", "the upstream's answer is not JSON: %v", err)
	}
	return nil
}

// Text is a document as text. What plugins write can be written.
func Text(document any) string {
	text := strings.Builder{}
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(text.String(), "\n")
}
