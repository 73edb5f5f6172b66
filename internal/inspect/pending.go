package inspect

import (
	"context"
	"errors"

	"github.com/kratix-tools/kratix/internal/explain"
)

// Works lists Works with their verdicts.
func (in *Inspector) Works(ctx context.Context, q WorksQuery) (*WorkList, error) {
	return nil, errors.ErrUnsupported
}

// WorkPlacements lists WorkPlacements with their state.
func (in *Inspector) WorkPlacements(ctx context.Context, q WorksQuery) (*WorkPlacementList, error) {
	return nil, errors.ErrUnsupported
}

// Destinations lists Destinations with what they hold.
func (in *Inspector) Destinations(ctx context.Context) (*DestinationList, error) {
	return nil, errors.ErrUnsupported
}

// Destination tells what landed on one Destination.
func (in *Inspector) Destination(ctx context.Context, name string) (*DestinationReport, error) {
	return nil, errors.ErrUnsupported
}

// Promises lists Promises.
func (in *Inspector) Promises(ctx context.Context) (*PromiseList, error) {
	return nil, errors.ErrUnsupported
}

// Promise tells all about one Promise.
func (in *Inspector) Promise(ctx context.Context, name string) (*PromiseReport, error) {
	return nil, errors.ErrUnsupported
}

// Request tells the story of one request. The kind may be a kind, plural,
// singular or short name of an API of a Promise, or the name of the Promise.
func (in *Inspector) Request(ctx context.Context, kind, namespace, name string) (*RequestReport, error) {
	return nil, errors.ErrUnsupported
}

// Subjects gives the Works of a request as package explain wants them.
func (r *RequestReport) Subjects() []explain.Subject { return nil }

// Verify reads state stores, and fills in what it finds.
func (in *Inspector) Verify(ctx context.Context, r *WorkReport, open OpenStore) error {
	return errors.ErrUnsupported
}

// Diff gives the files of a Work that differ from what lies in the stores.
func (in *Inspector) Diff(ctx context.Context, r *WorkReport, open OpenStore) ([]FileDiff, error) {
	return nil, errors.ErrUnsupported
}
