{{/* NAME of all objects. */}}
{{- define "anteroom.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 45 | trimSuffix "-" -}}
{{- end -}}

{{/* NAME-frontend, NAME-backend. Call: include "anteroom.component" (list $ "backend") */}}
{{- define "anteroom.component" -}}
{{- printf "%s-%s" (include "anteroom.fullname" (index . 0)) (index . 1) -}}
{{- end -}}

{{/* What a Deployment and its Service select by: never changes in the life of a release. */}}
{{- define "anteroom.selectorLabels" -}}
app.kubernetes.io/name: {{ (index . 0).Chart.Name }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "anteroom.labels" -}}
{{- $ := index . 0 -}}
{{ include "anteroom.podLabels" . }}
app.kubernetes.io/version: {{ $.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" $.Chart.Name $.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Without what changes with every release of the chart: new labels would be new pods. */}}
{{- define "anteroom.podLabels" -}}
{{- $ := index . 0 -}}
{{ include "anteroom.selectorLabels" . }}
app.kubernetes.io/part-of: {{ $.Chart.Name }}
app.kubernetes.io/managed-by: {{ $.Release.Service }}
{{- with $.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* repository:tag or repository@digest. Call: include "anteroom.image" (list $ .Values.backend.image) */}}
{{- define "anteroom.image" -}}
{{- $ := index . 0 -}}
{{- $image := index . 1 -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "anteroom.serviceAccountName" -}}
{{- $ := index . 0 -}}
{{- $account := (index $.Values (index . 1)).serviceAccount -}}
{{- if $account.create -}}
{{ $account.name | default (include "anteroom.component" .) }}
{{- else -}}
{{ $account.name | default "default" }}
{{- end -}}
{{- end -}}

{{/* host:port, with brackets around an IPv6 address. */}}
{{- define "anteroom.bind" -}}
{{- $host := (index . 0).Values.bindAddress -}}
{{- if contains ":" $host -}}[{{ $host }}]{{- else -}}{{ $host }}{{- end -}}:{{ index . 1 }}
{{- end -}}

{{/* Where the front end finds this release's backends: a name with an address for every ready pod. */}}
{{- define "anteroom.poolAddress" -}}
{{ include "anteroom.component" (list . "backend") }}-headless.{{ .Release.Namespace }}.svc:7000
{{- end -}}

{{/* A duration of the configuration ("250ms", "5s", "2m") in milliseconds, rounded up. */}}
{{- define "anteroom.milliseconds" -}}
{{- $number := int64 (regexFind "^[0-9]+" .) -}}
{{- $unit := regexFind "[a-z]+$" . -}}
{{- if eq $unit "ns" -}}{{ div (add $number 999999) 1000000 }}
{{- else if eq $unit "us" -}}{{ div (add $number 999) 1000 }}
{{- else -}}{{ mul $number (get (dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000) $unit) }}
{{- end -}}
{{- end -}}

{{/* How long a front end takes to drain, rounded up to seconds, and 5 s to end in. */}}
{{- define "anteroom.frontendGrace" -}}
{{- $drain := .Values.frontend.config.drain | default dict -}}
{{- $ms := add (include "anteroom.milliseconds" ($drain.delay | default "0s")) (include "anteroom.milliseconds" ($drain.timeout | default "30s")) -}}
{{- add 5 (div (add $ms 999) 1000) -}}
{{- end -}}

{{- define "anteroom.backendGrace" -}}
{{- add 5 (div (add (include "anteroom.milliseconds" .Values.backend.drainTimeout) 999) 1000) -}}
{{- end -}}

{{/* The front end's configuration file: frontend.config and what only the chart knows. */}}
{{- define "anteroom.frontendConfig" -}}
{{- $config := deepCopy .Values.frontend.config -}}
{{- $_ := set $config "listeners" (list (dict "address" (include "anteroom.bind" (list . "8080")))) -}}
{{- $_ := set $config "admin" (dict "address" (include "anteroom.bind" (list . "9901"))) -}}
{{- $_ := set $config "spool" (mergeOverwrite (dict "directory" "/var/spool/anteroom") ($config.spool | default dict)) -}}
{{- if .Values.backend.enabled -}}
{{- $pools := $config.pools | default dict -}}
{{- $own := get $pools .Values.backend.pool | default dict -}}
{{- $_ := set $own "dns" (include "anteroom.poolAddress" .) -}}
{{- $_ := set $pools .Values.backend.pool $own -}}
{{- $_ := set $config "pools" $pools -}}
{{- end -}}
{{ toYaml $config }}
{{- end -}}

{{/* The restricted Pod Security Standard, and a user that exists on no node. */}}
{{- define "anteroom.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "anteroom.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* Labels, annotations and the part of a pod's spec that both tiers share. */}}
{{- define "anteroom.podAnnotations" -}}
{{- $ := index . 0 -}}
{{- if $.Values.metrics.annotations }}
prometheus.io/scrape: "true"
prometheus.io/port: {{ index . 2 | quote }}
prometheus.io/path: /metrics
{{- end }}
{{- with (index $.Values (index . 1)).podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "anteroom.podPlacement" -}}
{{- $ := index . 0 -}}
{{- $tier := index $.Values (index . 1) -}}
serviceAccountName: {{ include "anteroom.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $tier.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $tier.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $tier.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
affinity:
{{- if $tier.affinity }}
  {{- toYaml $tier.affinity | nindent 2 }}
{{- else }}
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "anteroom.selectorLabels" . | nindent 14 }}
{{- end }}
topologySpreadConstraints:
{{- if $tier.topologySpreadConstraints }}
  {{- toYaml $tier.topologySpreadConstraints | nindent 2 }}
{{- else }}
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "anteroom.selectorLabels" . | nindent 8 }}
{{- end }}
{{- end -}}

{{/* Probes of an admin port. /livez and /readyz are answered however busy the process is. */}}
{{- define "anteroom.probes" -}}
# The others start only after this one has succeeded once.
startupProbe:
  httpGet: {path: /livez, port: admin}
  periodSeconds: 1
  timeoutSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: admin}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet: {path: /readyz, port: admin}
  periodSeconds: 1
  timeoutSeconds: 2
  failureThreshold: 3
{{- end -}}

{{/* Faults that a schema cannot see, all at once. */}}
{{- define "anteroom.validate" -}}
{{- $faults := list -}}
{{- $config := .Values.frontend.config -}}
{{- $pools := $config.pools | default dict -}}
{{- if .Values.backend.enabled -}}
{{- $own := get $pools .Values.backend.pool | default dict -}}
{{- if or (hasKey $own "dns") (hasKey $own "endpoints") -}}
{{- $faults = append $faults (printf "frontend.config.pools.%s is this chart's own pool (backend.pool): it takes neither dns nor endpoints" .Values.backend.pool) -}}
{{- end -}}
{{- end -}}
{{- range $name, $pool := $pools -}}
{{- if not (or (and $.Values.backend.enabled (eq $name $.Values.backend.pool)) (hasKey ($pool | default dict) "dns") (hasKey ($pool | default dict) "endpoints")) -}}
{{- $faults = append $faults (printf "frontend.config.pools.%s needs dns or endpoints, or to be the pool of this chart's backends (backend.pool)" $name) -}}
{{- end -}}
{{- end -}}
{{- range $index, $route := $config.routes -}}
{{- if and $route.pool (not (hasKey $pools $route.pool)) (not (and $.Values.backend.enabled (eq $route.pool $.Values.backend.pool))) -}}
{{- $faults = append $faults (printf "frontend.config.routes[%d] names the pool %s, which frontend.config.pools does not have" $index $route.pool) -}}
{{- end -}}
{{- end -}}
{{- $grace := .Values.frontend.terminationGracePeriodSeconds -}}
{{- if and $grace (lt (int $grace) (int (include "anteroom.frontendGrace" .))) -}}
{{- $faults = append $faults (printf "frontend.terminationGracePeriodSeconds %d is less than drain.delay + drain.timeout + 5 s = %s" (int $grace) (include "anteroom.frontendGrace" .)) -}}
{{- end -}}
{{- $grace := .Values.backend.terminationGracePeriodSeconds -}}
{{- if and $grace (lt (int $grace) (int (include "anteroom.backendGrace" .))) -}}
{{- $faults = append $faults (printf "backend.terminationGracePeriodSeconds %d is less than drainTimeout + 5 s = %s" (int $grace) (include "anteroom.backendGrace" .)) -}}
{{- end -}}
{{- if $faults -}}
{{- fail (printf "\n  %s" (join "\n  " $faults)) -}}
{{- end -}}
{{- end -}}
