import { PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useTranslation } from "react-i18next";

import { useSetField } from "../../api/settings";
import { FormEnd } from "../../parts/FormEnd";
import { general, refuse } from "../../parts/refusals";
import { useSaid } from "../../parts/said";
import { Failed } from "../../parts/States";
import { useTold } from "./told";

/** A variable of the environment that the configuration can name. */
export function VariableForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const { done } = useSaid();
  const tell = useTold();
  const set = useSetField();
  const form = useForm({ initialValues: { field_name: "", field_value: "" } });
  const submit = form.onSubmit(({ field_name, field_value }) => {
    const name = field_name.trim();
    set.mutate(
      { config_type: "environment_variables", field_name: name, field_value },
      {
        onSuccess: (answer) => {
          done(t("common.saved", { name }));
          tell(answer);
          onDone();
        },
        // The gateway names the field of a variable by its section and its name.
        onError: (error) => (name && "field" in error && error.field === `environment_variables.${name}` ? form.setFieldError("field_value", error.message) : refuse(form, error)),
      },
    );
  });
  const above = general(form, set.error);
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {above ? <Failed error={above} /> : null}
        <TextInput label={t("settings.variableName")} data-autofocus {...form.getInputProps("field_name")} />
        <PasswordInput label={t("common.value")} autoComplete="off" {...form.getInputProps("field_value")} />
        <FormEnd onCancel={onDone} pending={set.isPending} label={t("common.save")} />
      </Stack>
    </form>
  );
}
