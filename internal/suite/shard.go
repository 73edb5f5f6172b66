// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/kratix-tools/kratix/internal/diag"
	"github.com/kratix-tools/kratix/internal/fixture"
)

// A Shard is one of several parts into which cases are dealt, so that as many
// machines can share them. The zero value is all of them.
type Shard struct {
	Number int // counts from 1
	Of     int
}

// ParseShard reads "1/4".
func ParseShard(text string) (Shard, error) {
	number, of, ok := strings.Cut(text, "/")
	var s Shard
	var err1, err2 error
	s.Number, err1 = strconv.Atoi(number)
	s.Of, err2 = strconv.Atoi(of)
	if !ok || err1 != nil || err2 != nil || s.Number < 1 || s.Number > s.Of {
		return Shard{}, errors.New("want K/N with K from 1 to N, such as 1/4")
	}
	return s, nil
}

// String gives the shard as [ParseShard] reads it; "" for all cases.
func (s Shard) String() string {
	if s.Of == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.Number, s.Of)
}

// Cases gives the cases of the shard. They are dealt in turn, in the order that
// they have, so that each is in one shard just once and neighbours, which often
// take as long as each other, are in different ones.
func (s Shard) Cases(cases []*fixture.Case) ([]*fixture.Case, error) {
	if s.Of == 0 {
		return cases, nil
	}
	var mine []*fixture.Case
	for i := s.Number - 1; i < len(cases); i += s.Of {
		mine = append(mine, cases[i])
	}
	if len(mine) == 0 {
		err := diag.NotFoundf("--shard %s: no case is left for it, of %d", s, len(cases))
		return nil, diag.Hint(err, "take fewer shards, or --allow-empty to exit 0")
	}
	return mine, nil
}
