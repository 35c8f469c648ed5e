// Reads a register's log, and asks a witness, with the packages note and tlog of golang.org/x/mod alone.
//
//	interop read URL VKEY       the checkpoint, every entry, the root, and a receipt of each entry
//	interop ask URL ORIGIN      a log of its own grows under the witness at URL; told its key on standard output first
package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 4 {
		log.Fatal("interop read URL VKEY | interop ask URL ORIGIN")
	}
	switch os.Args[1] {
	case "read":
		read(os.Args[2], os.Args[3])
	case "ask":
		ask(os.Args[2], os.Args[3])
	default:
		log.Fatalf("no such command: %s", os.Args[1])
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func get(url string) []byte {
	response := must(http.Get(url))
	defer response.Body.Close()
	body := must(io.ReadAll(response.Body))
	if response.StatusCode != http.StatusOK {
		log.Fatalf("%s: %s: %s", url, response.Status, body)
	}
	return body
}

// hashes is a store of all hashes of a tree, in the order in which package tlog counts them.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	read := make([]tlog.Hash, 0, len(indexes))
	for _, index := range indexes {
		if index >= int64(len(h)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		read = append(read, h[index])
	}
	return read, nil
}

func (h *hashes) add(n int64, leaf []byte) {
	*h = append(*h, must(tlog.StoredHashes(n, leaf, *h))...)
}

// open verifies a checkpoint and returns its size and root.
func open(checkpoint []byte, vkey string) (int64, tlog.Hash) {
	verifier := must(note.NewVerifier(vkey))
	opened := must(note.Open(checkpoint, note.VerifierList(verifier)))
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		log.Fatalf("not a checkpoint of %s: %q", verifier.Name(), opened.Text)
	}
	return must(strconv.ParseInt(lines[1], 10, 64)), must(tlog.ParseHash(lines[2]))
}

func read(url, vkey string) {
	size, root := open(get(url+"/checkpoint"), vkey)
	var stored hashes
	for n := int64(0); n < size; {
		width := min(size-n, 256)
		path := fmt.Sprintf("%s/tile/entries/%03d", url, n/256)
		if width < 256 {
			path += fmt.Sprintf(".p/%d", width)
		}
		for bundle := get(path); len(bundle) > 0; n++ {
			length := int(binary.BigEndian.Uint16(bundle))
			stored.add(n, bundle[2:2+length])
			bundle = bundle[2+length:]
		}
	}
	if found := must(tlog.TreeHash(size, stored)); found != root {
		log.Fatalf("the entries lead to %v, the checkpoint says %v", found, root)
	}
	for n := int64(0); n < size; n++ {
		checkReceipt(get(fmt.Sprintf("%s/v1/entries/%d/receipt", url, n)), vkey, n, stored)
	}
	fmt.Printf("read: %d entries, root %v, a receipt of each\n", size, root)
}

func checkReceipt(receipt []byte, vkey string, n int64, stored hashes) {
	head, checkpoint, _ := bytes.Cut(receipt, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || lines[1] != fmt.Sprintf("index %d", n) {
		log.Fatalf("not a receipt of entry %d: %q", n, head)
	}
	proof := tlog.RecordProof{}
	for _, line := range lines[2:] {
		proof = append(proof, must(tlog.ParseHash(line)))
	}
	size, root := open(checkpoint, vkey)
	if err := tlog.CheckRecord(proof, size, root, n, stored[tlog.StoredHashIndex(0, n)]); err != nil {
		log.Fatalf("the receipt of entry %d: %v", n, err)
	}
}

func ask(url, origin string) {
	secret, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		log.Fatal(err)
	}
	signer := must(note.NewSigner(secret))
	fmt.Println(vkey)
	// The witness is started with this key meanwhile, and says so.
	must(bufio.NewReader(os.Stdin).ReadString('\n'))
	var stored hashes
	last := int64(0)
	for _, size := range []int64{1, 2, 3, 7, 8, 255, 256, 300} {
		for n := int64(0); n < size; n++ {
			if n >= last {
				stored.add(n, []byte(strconv.FormatInt(n, 10)))
			}
		}
		text := fmt.Sprintf("%s\n%d\n%v\n", origin, size, must(tlog.TreeHash(size, stored)))
		signed := must(note.Sign(&note.Note{Text: text}, signer))
		expect(url, 409, size+1000, nil, signed, origin, "")
		expect(url, 200, last, prove(last, size, stored), signed, origin, "— ")
		expect(url, 409, last, prove(last, size, stored), signed, origin, strconv.FormatInt(size, 10)+"\n")
		forked := must(note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%v\n", origin, size, tlog.Hash{1})}, signer))
		expect(url, 422, size, nil, forked, origin, "")
		last = size
	}
	fmt.Printf("asked: %d entries cosigned\n", last)
}

func prove(old, size int64, stored hashes) tlog.TreeProof {
	if old == 0 {
		return nil
	}
	return must(tlog.ProveTree(size, old, stored))
}

func expect(url string, status int, old int64, proof tlog.TreeProof, signed []byte, origin, begins string) {
	if old > 1000 {
		// Larger than the checkpoint: not a conflict but a mistake.
		status = 400
	}
	body := fmt.Sprintf("old %d\n", old)
	for _, hash := range proof {
		body += base64.StdEncoding.EncodeToString(hash[:]) + "\n"
	}
	response := must(http.Post(url+"/add-checkpoint", "text/plain", strings.NewReader(body+"\n"+string(signed))))
	defer response.Body.Close()
	answer := must(io.ReadAll(response.Body))
	if response.StatusCode != status || !strings.HasPrefix(string(answer), begins) {
		log.Fatalf("%s at old %d: %s instead of %d: %s", origin, old, response.Status, status, answer)
	}
}
