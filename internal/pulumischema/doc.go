// Package pulumischema gets the schema of a Pulumi package from wherever it is,
// and knows its components.
//
// A schema is one document, JSON or YAML, in a file or behind a URL. It says what
// a package has: resources, some of which are components, the types of their
// inputs, and the configuration of the package. What an input may be is left as
// it is written, since people write schemas by hand and not all of them keep to
// the rules; who translates inputs tells what it does not understand.
//
// A token for a URL comes from the environment, as Pulumi's own programs have it.
// It is sent to the host of the URL alone, and never in the clear.
//
// [Source.Get] gives a [Package]. A schema that is none is an input error; a
// server that does not answer is one of the machine.
package pulumischema
