// Command interop verifies an exported trail with Go's own implementation of signed notes and transparency logs,
// which shares no line with ours:
//
//	interop <export folder> <vkey> <old size> <old root, base64>
//
// It checks the checkpoint's signature, the inclusion of every entry and the consistency with an older tree.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if len(os.Args) != 5 {
		fail(fmt.Errorf("usage: interop <folder> <vkey> <old size> <old root>"))
	}
	folder, vkey := os.Args[1], os.Args[2]
	oldSize, err := strconv.ParseInt(os.Args[3], 10, 64)
	check(err)
	oldRoot, err := parseHash(os.Args[4])
	check(err)

	tree, err := openCheckpoint(folder, vkey)
	check(err)
	reader := tlog.TileHashReader(tree, &tiles{folder: folder})

	for index := int64(0); index < tree.N; index++ {
		entry, err := readEntry(folder, tree.N, index)
		check(err)
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		check(err)
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
			fail(fmt.Errorf("entry %d: %w", index, err))
		}
	}
	proof, err := tlog.ProveTree(tree.N, oldSize, reader)
	check(err)
	check(tlog.CheckTree(proof, tree.N, tree.Hash, oldSize, oldRoot))
	fmt.Printf("verified %d entries, consistent with %d\n", tree.N, oldSize)
}

// openCheckpoint returns the tree that the note's signature stands for.
func openCheckpoint(folder, vkey string) (tlog.Tree, error) {
	data, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return tlog.Tree{}, err
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("checkpoint is not three lines of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := parseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// tiles reads tiles of height 8 from the folder: tlog names them tile/8/<level>/..., tlog-tiles leaves the 8 out.
type tiles struct{ folder string }

func (t *tiles) Height() int { return 8 }

func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		bytes, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}

// readEntry returns an entry from its bundle.
func readEntry(folder string, size, index int64) ([]byte, error) {
	tile := tlog.Tile{H: 8, L: 0, N: index / 256, W: int(min(256, size-index/256*256))}
	path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	bundle, err := os.ReadFile(filepath.Join(folder, path))
	if err != nil {
		return nil, err
	}
	for position := index % 256; ; position-- {
		if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
			return nil, fmt.Errorf("%s ends inside an entry", path)
		}
		end := 2 + int(binary.BigEndian.Uint16(bundle))
		if position == 0 {
			return bundle[2:end], nil
		}
		bundle = bundle[end:]
	}
}

func parseHash(text string) (tlog.Hash, error) {
	var hash tlog.Hash
	bytes, err := base64.StdEncoding.DecodeString(text)
	if err == nil && len(bytes) != len(hash) {
		err = fmt.Errorf("%q is not a hash", text)
	}
	copy(hash[:], bytes)
	return hash, err
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
