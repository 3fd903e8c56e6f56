package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
)

// Position is a place in the order of arrivals and changes. It is after the arrival of the
// message After, and before the change with the number Next. A Next of 0 stands for the
// first change after that arrival.
type Position struct {
	After ID
	Next  uint64
}

var errMalformedPosition = errors.New("expected 32 hexadecimal digits, or those, a hyphen and a number")

// ParsePosition reads what String writes, and so the ID of a message.
func ParsePosition(s string) (Position, error) {
	return readPosition(s, func(number string) (uint64, error) { return strconv.ParseUint(number, 10, 64) })
}

func readPosition(s string, read func(number string) (uint64, error)) (Position, error) {
	name, number, numbered := strings.Cut(s, "-")
	id, err := ParseID(name)
	p := Position{After: id}
	if numbered && err == nil {
		p.Next, err = read(number)
	}
	if err != nil || numbered && p.Next == 0 {
		return Position{}, errMalformedPosition
	}
	return p, nil
}

// String is After, followed by a hyphen and Next if that is not 0.
func (p Position) String() string {
	if p.Next == 0 {
		return p.After.String()
	}
	return p.After.String() + "-" + strconv.FormatUint(p.Next, 10)
}

// Now is the position after all that has happened. If the view is confined, After is the
// newest message in it, which it searches for; the error is ctx's.
func (v *View) Now(ctx context.Context) (Position, error) {
	at := v.bucket.Now()
	var err error
	at.After, err = v.newestUpTo(ctx, at.After)
	return at, err
}

// newestUpTo is the ID of a message that came last, if everything is in the view, and
// otherwise that of the newest message in it which is not newer, zero if there is none.
func (v *View) newestUpTo(ctx context.Context, last ID) (ID, error) {
	if v.part == all || last == (ID{}) {
		return last, nil
	}
	m, ok := v.First(ctx, Query{Before: last.Next()})
	if !ok {
		return ID{}, ctx.Err()
	}
	return m.ID, nil
}

// ShowPosition is a position as whoever has the view may see it, for ParsePosition. As
// changes are numbered in the whole bucket, a number would tell how much has happened to
// messages outside of a view that is confined. There it is enciphered, and looks different
// each time.
func (v *View) ShowPosition(p Position) string {
	if v.part == all || p.Next == 0 {
		return p.String()
	}
	var block [aes.BlockSize]byte
	_, _ = rand.Read(block[:8]) // which never fails
	binary.BigEndian.PutUint64(block[8:], p.Next)
	v.bucket.numbers.Encrypt(block[:], block[:])
	return p.After.String() + "-" + hex.EncodeToString(block[:])
}

// ParsePosition reads what ShowPosition writes, and so the ID of a message. What a process
// before this one has enciphered becomes a number that is not remembered.
func (v *View) ParsePosition(s string) (Position, error) {
	if v.part == all {
		return ParsePosition(s)
	}
	return readPosition(s, func(number string) (uint64, error) {
		block, err := hex.DecodeString(number)
		if err != nil || len(block) != aes.BlockSize {
			return 0, errMalformedPosition
		}
		v.bucket.numbers.Decrypt(block, block)
		return max(1, binary.BigEndian.Uint64(block[8:])), nil
	})
}

// newNumbers makes the cipher for numbers of changes.
func newNumbers() cipher.Block {
	var key [16]byte
	_, _ = rand.Read(key[:]) // which never fails
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // a key has that length
	}
	return block
}
