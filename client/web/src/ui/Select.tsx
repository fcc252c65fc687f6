/**
 * Owns a labelled native list of choices: native, because phones and screen readers know it best.
 * Does not own the choices.
 */
import { ChevronDown } from 'lucide-react';
import { useId } from 'react';

/** A list of choices. `value` may be missing among the options: then the first one shows. */
export function Select({
  label,
  value,
  options,
  placeholder,
  onChange,
}: {
  label: string;
  value: string;
  options: readonly { readonly value: string; readonly text: string }[];
  /** Shown, and the list disabled, while there are no options. */
  placeholder: string;
  onChange: (value: string) => void;
}) {
  const id = useId();
  const empty = options.length === 0;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="select">
        <select
          id={id}
          value={options.some((option) => option.value === value) ? value : options[0]?.value}
          disabled={empty}
          onChange={(event) => onChange(event.target.value)}
        >
          {empty && <option>{placeholder}</option>}
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.text}
            </option>
          ))}
        </select>
        <ChevronDown aria-hidden="true" />
      </div>
    </div>
  );
}
