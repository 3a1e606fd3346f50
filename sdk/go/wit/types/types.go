// Package types has what the generated sources say types of the contract with that Go has not.
package types

// Tuple2 is a pair of values.
type Tuple2[T any, U any] struct {
	F0 T
	F1 U
}

const (
	OptionNone uint8 = iota
	OptionSome
)

// Option is a value, or none; none unless it is made with Some.
type Option[T any] struct {
	tag   uint8
	value T
}

// None is no value.
func None[T any]() Option[T] { return Option[T]{} }

// Some is this value.
func Some[T any](value T) Option[T] { return Option[T]{OptionSome, value} }

// Tag is OptionNone or OptionSome.
func (o Option[T]) Tag() uint8 { return o.tag }

// IsSome says whether there is a value.
func (o Option[T]) IsSome() bool { return o.tag == OptionSome }

// Some gives the value, which has to be there.
func (o Option[T]) Some() T {
	if o.tag != OptionSome {
		panic("an option without a value was asked for it")
	}
	return o.value
}

// SomeOr gives the value, or another one where there is none.
func (o Option[T]) SomeOr(other T) T {
	if o.tag == OptionSome {
		return o.value
	}
	return other
}

// Unit is the value of a result that has none.
type Unit struct{}

const (
	ResultOk uint8 = iota
	ResultErr
)

// Result is a value or an error.
type Result[T any, U any] struct {
	tag   uint8
	value T
	err   U
}

// Ok is a value.
func Ok[T any, U any](value T) Result[T, U] { return Result[T, U]{tag: ResultOk, value: value} }

// Err is an error.
func Err[T any, U any](err U) Result[T, U] { return Result[T, U]{tag: ResultErr, err: err} }

// Tag is ResultOk or ResultErr.
func (r Result[T, U]) Tag() uint8 { return r.tag }

// Ok gives the value, which has to be there.
func (r Result[T, U]) Ok() T {
	if r.tag != ResultOk {
		panic("an error was asked for its value")
	}
	return r.value
}

// Err gives the error, which has to be there.
func (r Result[T, U]) Err() U {
	if r.tag != ResultErr {
		panic("a value was asked for its error")
	}
	return r.err
}
