{{- define "emoline.name" -}}
{{- if contains "emoline" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-emoline" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What tells a component's pods from others. Takes [context, component], as all below. */}}
{{- define "emoline.selector" -}}
{{- $context := index . 0 -}}
app.kubernetes.io/name: emoline
app.kubernetes.io/instance: {{ $context.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "emoline.labels" -}}
{{- $context := index . 0 -}}
{{ include "emoline.selector" . }}
app.kubernetes.io/version: {{ $context.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $context.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $context.Chart.Name $context.Chart.Version }}
{{- end -}}

{{- define "emoline.metadata" -}}
{{- $context := index . 0 -}}
name: {{ include "emoline.name" $context }}-{{ index . 1 }}
labels:
  {{- include "emoline.labels" . | nindent 2 }}
{{- end -}}

{{- define "emoline.pod" -}}
{{- $context := index . 0 -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $context.Values.images.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* Takes [context, image, arguments]. */}}
{{- define "emoline.container" -}}
{{- $context := index . 0 -}}
{{- $image := index $context.Values.images (index . 1) -}}
image: {{ printf "%s:%s" $image.repository (default $context.Chart.AppVersion $image.tag) | quote }}
imagePullPolicy: {{ $context.Values.images.pullPolicy }}
args: {{ toJson (index . 2) }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
envFrom:
  - secretRef: {name: {{ $context.Values.existingSecret | quote }}}
{{- end -}}

{{/* Takes [context, port]. */}}
{{- define "emoline.annotations" -}}
{{- if and (index . 0).Values.metrics.enabled (not (index . 0).Values.metrics.podMonitor) -}}
annotations:
  prometheus.io/scrape: "true"
  prometheus.io/port: {{ index . 1 | quote }}
  prometheus.io/path: /metrics
{{- end -}}
{{- end -}}

{{- define "emoline.settings" -}}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end -}}
