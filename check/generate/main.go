// Command generate writes caniemail.txt, what package check knows of mail clients, from the
// data of the npm package caniemail. It is not part of the program that reads mail.
//
//	npm pack caniemail@2.0.2
//	go run ./check/generate caniemail-2.0.2.tgz
//
// It reads the package's archive and writes check/caniemail.txt, so it is to be run
// where go.mod is.
package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./check/generate caniemail-VERSION.tgz")
		os.Exit(2)
	}
	if err := generate(os.Args[1], "check/caniemail.txt"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(archive, to string) error {
	files, err := readArchive(archive, "package/package.json", "package/LICENSE", "package/data/caniemail.json")
	if err != nil {
		return fmt.Errorf("reading %s: %w", archive, err)
	}
	var about struct{ Name, Version, License string }
	if err := json.Unmarshal(files["package/package.json"], &about); err != nil {
		return fmt.Errorf("reading package.json: %w", err)
	}
	if about.License != "MIT" {
		return fmt.Errorf("the package's licence is %q: read it, and say in this program that it may be used", about.License)
	}
	var data dataset
	if err := json.Unmarshal(files["package/data/caniemail.json"], &data); err != nil {
		return fmt.Errorf("reading caniemail.json: %w", err)
	}
	text, err := data.text()
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("# What mail clients support of HTML and CSS, by https://www.caniemail.com.\n")
	b.WriteString("# Written by check/generate, and read by check/data.go: not to be edited.\n#\n")
	b.WriteString("# The data is Copyright (c) 2019 HTeuMeuLeu, under the licence below, as is the package.\n#\n")
	for line := range strings.Lines(string(files["package/LICENSE"])) {
		b.WriteString(strings.TrimRight("# "+strings.TrimRight(line, "\r\n"), " ") + "\n")
	}
	fmt.Fprintf(&b, "\nsource\tnpm %s %s\ndate\t%s\nlicence\t%s\n", about.Name, about.Version, data.date(), about.License)
	b.WriteString(text)
	return os.WriteFile(to, []byte(b.String()), 0o644)
}

// readArchive gives the files of those names in an npm package.
func readArchive(name string, want ...string) (map[string][]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if slices.Contains(want, path.Clean(header.Name)) {
			if files[path.Clean(header.Name)], err = io.ReadAll(archive); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range want {
		if files[name] == nil {
			return nil, fmt.Errorf("it has no file %s", name)
		}
	}
	return files, nil
}
