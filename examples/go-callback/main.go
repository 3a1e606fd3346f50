// A callback: a digest of each batch of finished calls is posted to a webhook. The webhook is the entry's `api_base`;
// its key is named in describe.json, and added by the gateway.
package main

import (
	"embed"
	"encoding/json"

	"sluice"
	. "sluice/callback"
	_ "sluice/callback/wit_exports"
	"sluice/http"
)

//go:embed describe.json fixtures
var files embed.FS

type digest struct {
	Calls  int            `json:"calls"`
	Failed int            `json:"failed"`
	Tokens int            `json:"tokens"`
	Spend  float64        `json:"spend"`
	Models map[string]int `json:"models"`
}

func init() { Serve(digest{}) }
func main() {}

func (digest) Describe() string { return sluice.Describe(files) }

func (digest) OnBatch(config string, records []string) error {
	var settings struct{ Path string }
	if err := json.Unmarshal([]byte(config), &settings); err != nil {
		return err
	}
	sum := digest{Models: map[string]int{}}
	for _, record := range records {
		if err := sum.add(record); err != nil {
			return err
		}
	}
	_, err := http.Post(settings.Path, sum)
	return err
}

func (sum *digest) add(text string) error {
	var record struct {
		Status string  `json:"status"`
		Model  string  `json:"model_group"`
		Tokens int     `json:"total_tokens"`
		Spend  float64 `json:"response_cost"`
	}
	if err := json.Unmarshal([]byte(text), &record); err != nil {
		return err
	}
	sum.Calls++
	if record.Status != "success" {
		sum.Failed++
	}
	sum.Tokens += record.Tokens
	sum.Spend += record.Spend
	sum.Models[record.Model]++
	return nil
}
