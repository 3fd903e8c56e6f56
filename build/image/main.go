// Command image makes the container image: a layer with the binary, certificate
// authorities and a configuration, for each architecture. It writes an OCI image
// layout, and the same inputs give the same bytes.
package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

const (
	binaryPath = "usr/bin/mailbucket"
	configPath = "etc/mailbucket/Caddyfile"
	rootsPath  = "etc/ssl/certs/ca-certificates.crt"
	user       = "65532:65532" // not a user of the host
)

func main() {
	config := flag.String("config", "", "the Caddyfile to put in")
	out := flag.String("out", "", "folder of the layout, which must not be there")
	version := flag.String("version", "unknown", "what the image says its version is")
	created := flag.Int64("created", 0, "when its source was made, in seconds since 1970")
	flag.Parse()
	about := about{version: *version, created: time.Unix(*created, 0).UTC()}
	if err := build(*config, *out, about, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// about is the metadata of an image.
type about struct {
	version string
	created time.Time
}

// build writes the layout with an image of each binary, given as architecture=path.
func build(config, out string, about about, binaries []string) error {
	caddyfile, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	top, err := layout.Write(out, empty.Index)
	if err != nil {
		return fmt.Errorf("writing the layout: %w", err)
	}
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, binary := range binaries {
		arch, path, _ := strings.Cut(binary, "=")
		program, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		image, err := newImage(arch, program, caddyfile, about)
		if err != nil {
			return fmt.Errorf("%s: %w", arch, err)
		}
		platform := v1.Platform{OS: "linux", Architecture: arch}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &platform}})
		if err := top.AppendImage(image, named(arch), layout.WithPlatform(platform)); err != nil {
			return fmt.Errorf("%s: writing the image: %w", arch, err)
		}
	}
	return top.AppendIndex(index, named("latest"))
}

// named sets the name by which tools find an image in the layout. "latest" is the image for
// all architectures; some tools can only read an image for a single one.
func named(name string) layout.Option {
	return layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": name})
}

func newImage(arch string, program, caddyfile []byte, about about) (v1.Image, error) {
	content, err := newLayer(program, caddyfile)
	if err != nil {
		return nil, fmt.Errorf("packing the layer: %w", err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, fmt.Errorf("reading the layer: %w", err)
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	if image, err = mutate.AppendLayers(image, layer); err != nil {
		return nil, fmt.Errorf("adding the layer: %w", err)
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = "linux", arch, v1.Time{Time: about.created}
	file.Config = v1.Config{
		User:         user,
		Entrypoint:   []string{"/" + binaryPath},
		Cmd:          []string{"run", "--config", "/" + configPath},
		Env:          []string{"PATH=/usr/bin", "HOME=/"},
		ExposedPorts: map[string]struct{}{"1025/tcp": {}, "8025/tcp": {}},
		Labels: map[string]string{
			"org.opencontainers.image.title":   "mailbucket",
			"org.opencontainers.image.source":  "https://github.com/caddy-mailbucket/mailbucket",
			"org.opencontainers.image.version": about.version,
		},
		// The OCI image format has no health check, but engines that support one read it
		// from here.
		Healthcheck: &v1.HealthConfig{Test: []string{"CMD", "/" + binaryPath, "healthcheck"}, Interval: 10 * time.Second, Timeout: 10 * time.Second},
	}
	return mutate.ConfigFile(image, file)
}

// newLayer makes a tar archive of all files, owned by root and not writable.
func newLayer(program, caddyfile []byte) ([]byte, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, folder := range []string{"etc/", "etc/mailbucket/", "etc/ssl/", "etc/ssl/certs/", "usr/", "usr/bin/"} {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder, Mode: 0o755, ModTime: time.Unix(0, 0)}); err != nil {
			return nil, err
		}
	}
	for _, file := range []struct {
		name    string
		mode    int64
		content []byte
	}{{configPath, 0o644, caddyfile}, {rootsPath, 0o644, roots()}, {binaryPath, 0o755, program}} {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: file.name, Mode: file.mode, Size: int64(len(file.content)), ModTime: time.Unix(0, 0)}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(file.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return archive.Bytes(), nil
}

// roots are Mozilla's certificate authorities as packaged by the Go project. Those of this
// machine are not used, as it may trust others.
func roots() []byte {
	var file bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue // trusted for some certificates only, which cannot be expressed in a file
		}
		_ = pem.Encode(&file, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // a Buffer never fails
	}
	return file.Bytes()
}
