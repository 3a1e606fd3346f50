package sluice

import (
	"embed"
	"encoding/json"
	"io/fs"
)

// Describe is the document of the file describe.json with the fixtures/*.json as its examples, which are run before a
// new version serves.
func Describe(files embed.FS) string {
	document := map[string]any{}
	read(files, "describe.json", &document)
	names, _ := fs.Glob(files, "fixtures/*.json")
	examples := make([]any, len(names))
	for index, name := range names {
		read(files, name, &examples[index])
	}
	document["examples"] = examples
	return Text(document)
}

func read(files embed.FS, name string, into any) {
	text, err := files.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		panic(name + ": " + err.Error())
	}
}
