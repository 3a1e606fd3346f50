// A guardrail: words of the settings are blocked, or masked on the way to the model and put back into its answer.
package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"sluice"
	. "sluice/guardrail"
	_ "sluice/guardrail/wit_exports"
)

//go:embed describe.json fixtures
var files embed.FS

type words struct{}

func init() { Serve(words{}) }
func main() {}

func (words) Describe() string { return sluice.Describe(files) }

func (words) Inspect(inspection Inspection) (Decision, error) {
	var settings struct {
		Words  []string
		Action string
	}
	if err := json.Unmarshal([]byte(inspection.Config), &settings); err != nil {
		return Decision{}, err
	}
	for index, word := range settings.Words {
		settings.Words[index] = regexp.QuoteMeta(word)
	}
	pattern, err := regexp.Compile("(?i)" + strings.Join(settings.Words, "|"))
	if err != nil {
		return Decision{}, err
	}
	switch {
	case settings.Action == "block":
		for _, span := range inspection.Spans {
			if found := pattern.FindString(span.Text); found != "" {
				return Block("a word of this text is not allowed", "word", map[string]string{"word": found}), nil
			}
		}
		return Allow(), nil
	case inspection.Stage == "post":
		table := map[string]string{}
		if inspection.State != "" {
			if err := json.Unmarshal([]byte(inspection.State), &table); err != nil {
				return Decision{}, err
			}
		}
		return Edit(inspection.Spans, func(span Span) string { return Restore(span, table) }), nil
	}
	return mask(inspection.Spans, pattern), nil
}

// Each spelling has a mask of its own. The table comes back as the state of the next stage.
func mask(spans []Span, pattern *regexp.Regexp) Decision {
	masks, table := map[string]string{}, map[string]string{}
	maskOf := func(word string) string {
		if masks[word] == "" {
			masks[word] = fmt.Sprintf("<WORD_%d>", len(masks)+1)
			table[masks[word]] = word
		}
		return masks[word]
	}
	decision := Edit(spans, func(span Span) string { return pattern.ReplaceAllStringFunc(span.Text, maskOf) })
	if len(table) == 0 {
		return decision
	}
	return With(decision, map[string]int{"words": len(table)}, sluice.Text(table))
}
